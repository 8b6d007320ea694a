package demo

import (
	"strconv"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/cmd/paf/internal/reply"
	"github.com/paf-go/paf/semantics"
)

// random streams x-length random bytes. Their number is known, but the response
// does not say so: it is the endpoint that shows a message of unknown length.
func random(w *paf.ResponseWriter, r *paf.Request) {
	if !reply.Method(w, r, semantics.MethodGet, semantics.MethodHead, semantics.MethodOptions) {
		return
	}
	length, ok := parseLength(&r.Header)
	if !ok {
		reply.Text(w, semantics.StatusBadRequest, "Invalid length.\n")
		return
	}
	s, ok := parseSeed(r.Header.Get("x-seed"))
	if !ok {
		s = fresh()
	}
	w.Header().Set("Content-Type", "text/plain; charset=us-ascii")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(semantics.StatusOK)
	if r.Method == semantics.MethodHead {
		return
	}
	text := newStream(s, length)
	for p := text.next(); len(p) > 0; p = text.next() {
		if _, err := w.Write(p); err != nil {
			return
		}
		if err := w.Flush(); err != nil {
			return
		}
	}
}

// parseLength reads x-length, which is digits only.
func parseLength(h *semantics.Fields) (uint64, bool) {
	value := h.Get("x-length")
	for i := 0; i < len(value); i++ {
		if c := value[i]; c < '0' || c > '9' {
			return 0, false
		}
	}
	n, err := strconv.ParseUint(value, 10, 63)
	return n, err == nil
}
