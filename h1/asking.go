package h1

import (
	"slices"

	"github.com/paf-go/paf/semantics"
)

// An asking is the latest request's head, as a saying is the latest response's: clients ask the same again and again. What has been asked twice is
// not made anew the third time.
type asking struct {
	method, upgrade string           // no method: none is remembered
	target          semantics.Target // but for Raw, which is not sent
	fields          []semantics.Field
	length          int64
	text            []byte // empty after the first time
	frame           frame
	facts           asked
}

// An asked is what a request's head says about the connection.
type asked struct{ offers, close bool }

// is reports whether r is what was asked last. Strings that lie in the same memory are not looked through.
func (a *asking) is(r *semantics.Request, length int64) bool {
	target := r.Target
	target.Raw = ""
	return a.method == r.Method && a.method != "" && a.length == length && a.upgrade == r.Upgrade && a.target == target &&
		slices.Equal(a.fields, r.Fields.List())
}

// keep remembers a request whose head is text. again: it is the one that is remembered.
func (a *asking) keep(r *semantics.Request, length int64, again bool, text []byte, frame frame, facts asked) {
	if again {
		a.text, a.frame, a.facts = append(a.text[:0], text...), frame, facts
		return
	}
	a.forget()
	size := len(text)
	for _, f := range r.Fields.List() { // not all of them are sent
		size += len(f.Name) + len(f.Value)
	}
	if size > 2*sayingMost {
		return
	}
	a.method, a.upgrade, a.target, a.length = r.Method, r.Upgrade, r.Target, length
	a.target.Raw = ""
	a.fields = append(a.fields, r.Fields.List()...)
}

// forget lets go of what is remembered.
func (a *asking) forget() {
	clear(a.fields)
	*a = asking{fields: a.fields[:0], text: a.text[:0]}
}

// appendHead appends the head of a request, and returns what it says about the connection.
func (c *ClientConn) appendHead(dst []byte, r *semantics.Request, length int64) ([]byte, asked, error) {
	again := c.asking.is(r, length)
	if again && len(c.asking.text) > 0 {
		c.frame = c.asking.frame
		return append(dst, c.asking.text...), c.asking.facts, nil
	}
	start := len(dst)
	dst, f, err := c.appendRequest(dst, r, length)
	facts := asked{f.offers, f.close}
	if err == nil {
		c.asking.keep(r, length, again, dst[start:], c.frame, facts)
	}
	return dst, facts, err
}
