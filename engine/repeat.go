package engine

import (
	"slices"

	"github.com/paf-go/paf/semantics"
)

// fieldsMost is how many fields a head may have in order to be remembered.
const fieldsMost = 16

// A Repeat remembers the head of a response: servers send the same one again and again, and an engine that
// knows so need not make its bytes anew. The zero value remembers none.
type Repeat struct {
	status   int
	reason   string
	protocol semantics.Protocol
	fields   []semantics.Field
}

// Is reports whether r is the head that is remembered. Strings that lie in the same memory, as a program's constants
// do, are not looked through.
func (h *Repeat) Is(r *semantics.Response) bool {
	return h.status == r.Status && h.reason == r.Reason && h.protocol == r.Protocol && h.status != 0 && slices.Equal(h.fields, r.Fields.List())
}

// Note remembers r in place of what it was, unless it has very many fields.
func (h *Repeat) Note(r *semantics.Response) {
	h.Forget()
	if r.Fields.Len() <= fieldsMost {
		h.status, h.reason, h.protocol = r.Status, r.Reason, r.Protocol
		h.fields = append(h.fields, r.Fields.List()...)
	}
}

// Forget lets go of what is remembered.
func (h *Repeat) Forget() {
	clear(h.fields)
	h.status, h.reason, h.fields = 0, "", h.fields[:0]
}
