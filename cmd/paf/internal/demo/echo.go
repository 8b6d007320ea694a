package demo

import (
	"errors"
	"io"
	"strings"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/cmd/paf/internal/reply"
	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/semantics"
)

// transmit sends the content back piece by piece as it arrives.
func transmit(w *paf.ResponseWriter, r *paf.Request) {
	if !reply.Method(w, r, "POST", "PUT", "PATCH", "GET", "HEAD", "OPTIONS") || !echoType(w, r) {
		return
	}
	relay(w, r, nil)
}

// held is how much content whole waits for.
const held = 64 << 10

// whole sends the content back once it is all there, or once there is more of it
// than held: a request that breaks off, or is malformed further on, is then
// answered with an error.
func whole(w *paf.ResponseWriter, r *paf.Request) {
	if !echoType(w, r) {
		return
	}
	buf, err := io.ReadAll(io.LimitReader(r.Body, held))
	if err != nil {
		fault(w, err)
		return
	}
	relay(w, r, buf)
}

// echoType copies the Content-Type, of which there may be only one: "A sender
// MUST NOT generate multiple field lines with the same name" unless it is a
// list, which it is not (RFC 9110, Sections 5.3 and 8.3).
func echoType(w *paf.ResponseWriter, r *paf.Request) bool {
	kinds := r.Header.Values("Content-Type")
	if len(kinds) > 1 {
		reply.Status(w, semantics.StatusBadRequest)
		return false
	}
	kind := "application/octet-stream"
	if len(kinds) == 1 && kinds[0] != "" {
		kind = kinds[0]
	}
	h := w.Header()
	h.Set("Content-Type", kind)
	// What somebody else's page made a browser post here must not run as a page
	// of this site.
	h.Set("Content-Security-Policy", "sandbox")
	h.Set("X-Content-Type-Options", "nosniff")
	return true
}

// relay sends begun, then the rest of the content, and flushes what it has
// before it waits for more.
func relay(w *paf.ResponseWriter, r *paf.Request, begun []byte) {
	if len(begun) > 0 {
		if _, err := w.Write(begun); err != nil {
			return
		}
	}
	buf := make([]byte, bufferSize)
	for {
		n, err := r.Body.Read(buf)
		if n > 0 {
			if _, err := w.Write(buf[:n]); err != nil {
				return
			}
			if err := w.Flush(); err != nil {
				return
			}
		}
		if err == io.EOF {
			return
		}
		if err != nil {
			fault(w, err)
			return
		}
	}
}

// fault ends a request whose content could not be read. When content has been
// written the response is broken off; else the status is the one that the error
// asks for.
func fault(w *paf.ResponseWriter, err error) {
	if w.Written() > 0 {
		panic(paf.ErrAbort)
	}
	status := semantics.StatusBadRequest
	var e *engine.Error
	if errors.As(err, &e) && e.Status != 0 {
		status = e.Status
	}
	reply.Status(w, status)
}

// echo answers with the request's fields, one a line, as they were received.
func echo(w *paf.ResponseWriter, r *paf.Request) {
	if !reply.Method(w, r, "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS") || !drain(w, r) {
		return
	}
	var b strings.Builder
	for name, value := range r.Header.All() {
		b.WriteString(name + ": " + value + "\n")
	}
	w.Header().Set("Cache-Control", "no-store")
	reply.Text(w, semantics.StatusOK, b.String())
}

// cookie answers with the request's cookies, one a line as name=value (RFC 6265,
// Section 4.2.1). What is no pair is left out.
func cookie(w *paf.ResponseWriter, r *paf.Request) {
	if !reply.Method(w, r, "GET", "HEAD", "POST", "OPTIONS") || !drain(w, r) {
		return
	}
	var b strings.Builder
	for _, line := range r.Header.Values("Cookie") {
		for pair := range strings.SplitSeq(line, ";") {
			name, value, ok := strings.Cut(pair, "=")
			if name = semantics.TrimSpace(name); ok && name != "" {
				b.WriteString(name + "=" + semantics.TrimSpace(value) + "\n")
			}
		}
	}
	w.Header().Set("Cache-Control", "no-store")
	reply.Text(w, semantics.StatusOK, b.String())
}

// drain reads the content to its end, so that a request that is malformed there
// is not answered as if it were whole.
func drain(w *paf.ResponseWriter, r *paf.Request) bool {
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		fault(w, err)
		return false
	}
	return true
}
