package reply

import (
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/semantics"
)

// Current writes the validators into the response, evaluates the request's
// preconditions and reports whether its method is to be carried out. If not, it
// has answered 304 or 412 (RFC 9110, Section 13).
func Current(w *paf.ResponseWriter, r *paf.Request, v semantics.Validator, now time.Time) bool {
	if v.ETag != "" {
		w.Header().Set("ETag", v.ETag)
	}
	if !v.Modified.IsZero() {
		w.Header().Set("Last-Modified", semantics.FormatDate(v.Modified))
	}
	switch semantics.Precondition(r.Method, fromPast(&r.Header, now), v, now) {
	case semantics.StatusNotModified:
		w.WriteHeader(semantics.StatusNotModified)
		return false
	case semantics.StatusPreconditionFailed:
		Status(w, semantics.StatusPreconditionFailed)
		return false
	}
	return true
}

// fromPast returns h without an If-Modified-Since that has not come yet. No
// server of ours can have given such a date, as none sends one "later than the
// server's time of message origination" (RFC 9110, Section 8.8.2.1); RFC 2616,
// Section 14.25 had it ignored too.
func fromPast(h *semantics.Fields, now time.Time) *semantics.Fields {
	at, err := semantics.ParseDate(h.Get("If-Modified-Since"), now)
	if err != nil || !at.After(now) {
		return h
	}
	rest := h.Clone()
	rest.Del("If-Modified-Since")
	return &rest
}
