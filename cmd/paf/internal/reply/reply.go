// Package reply holds the short answers that the handlers of the program share:
// a sentence as plain text, and what is said to a method that is not served.
package reply

import (
	"slices"
	"strconv"
	"strings"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/semantics"
)

// Text answers with the status and a text in UTF-8. On HEAD only the head is
// sent, with the length that GET would have had.
func Text(w *paf.ResponseWriter, status int, text string) {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	w.WriteString(text)
}

// Status answers with the status and a line with its [Sentence].
func Status(w *paf.ResponseWriter, status int) { Text(w, status, Sentence(status)+"\n") }

// Fault is a paf.ErrorHandler: it answers with the status that the error has.
func Fault(w *paf.ResponseWriter, _ *paf.Request, _ error) { Status(w, w.Status()) }

// Sentence is what the content of an error says: the status code's phrase as a
// sentence, "Not found." for 404.
func Sentence(status int) string {
	phrase := semantics.StatusText(status)
	if phrase == "" {
		return "Error " + strconv.Itoa(status) + "."
	}
	first, rest, _ := strings.Cut(phrase, " ")
	if rest != "" {
		rest = " " + strings.ToLower(rest)
	}
	return first + rest + "."
}

// Method reports whether the request's method is one of allowed, which must
// name OPTIONS. If it is not, or is OPTIONS, the request has been answered:
//
//   - 204 with Allow to OPTIONS (RFC 9110, Section 9.3.7);
//   - 405 with Allow to a method that is known and not allowed here: "The origin
//     server MUST generate an Allow header field in a 405 response" (Section
//     15.5.6);
//   - 501 to CONNECT, as there is no proxy here, and to any other method, which
//     "is not recognized or not implemented" (Section 9.1).
func Method(w *paf.ResponseWriter, r *paf.Request, allowed ...string) bool {
	switch {
	case r.Method == semantics.MethodOptions:
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		w.WriteHeader(204)
		return false
	case slices.Contains(allowed, r.Method):
		return true
	case known(r.Method):
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		Status(w, 405)
		return false
	}
	Status(w, 501)
	return false
}

// known reports whether the method is one of RFC 9110, Section 9.3 or RFC 5789
// that a server of content knows.
func known(method string) bool {
	switch method {
	case semantics.MethodGet, semantics.MethodHead, semantics.MethodPost, semantics.MethodPut,
		semantics.MethodDelete, semantics.MethodPatch, semantics.MethodTrace:
		return true
	}
	return false
}
