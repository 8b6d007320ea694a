package h1

import (
	"strconv"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/semantics"
)

// owned is what a request says about its framing and the connection, in fields that are the engine's own. They stand where the caller has put
// fields of these names, whatever the values, else behind all others.
type owned struct {
	framing framing
	length  int64
	told    bool // the length is told
	framed  bool // it has been
	linked  bool // Connection has been written, or need not be
}

// appendFields appends the fields of a request, and the engine's own at their places.
func (o *owned) appendFields(dst []byte, fields *semantics.Fields) ([]byte, facts, error) {
	var f facts
	list := fields.List()
	for i := range list {
		l := &list[i]
		if !semantics.ValidName(l.Name) {
			return dst, f, engine.Misuse(rules[ruleFieldName].text, strconv.Quote(l.Name))
		}
		if !semantics.ValidValue(l.Value) {
			return dst, f, engine.Misuse(rules[ruleFieldValue].text, "the value of "+l.Name)
		}
		f.see(l)
		switch {
		case !ownOfSwitch(l.Name) && !o.vain(l.Name):
			dst = appendField(dst, l.Name, l.Value)
		case len(l.Name) == len("Connection") && semantics.EqualFold(l.Name, "Connection"):
			dst = o.appendConnection(dst, list)
		case len(l.Name) >= len("Content-Length") && !semantics.EqualFold(l.Name, "Proxy-Connection"):
			dst = o.appendFraming(dst)
		}
	}
	return dst, f, nil
}

// vain reports whether an expectation has nothing to wait with. RFC 9110, Section 10.1.1: "A client MUST NOT generate a 100-continue
// expectation in a request that does not include content."
func (o *owned) vain(name string) bool {
	return o.length == 0 && len(name) == len("Expect") && semantics.EqualFold(name, "Expect")
}

// appendRest appends what has not been written yet.
func (o *owned) appendRest(dst []byte, f *facts) []byte {
	dst = o.appendFraming(dst)
	if o.linked {
		return dst
	}
	return appendOptions(dst, f)
}

func (o *owned) appendFraming(dst []byte) []byte {
	if !o.told || o.framed {
		return dst
	}
	o.framed = true
	return appendFraming(dst, o.framing, o.length)
}

// appendConnection appends our own Connection field, once; the fields that say what it lists may be yet to come.
func (o *owned) appendConnection(dst []byte, list []semantics.Field) []byte {
	if o.linked {
		return dst
	}
	o.linked = true
	var f facts
	for i := range list {
		f.see(&list[i])
	}
	return appendOptions(dst, &f)
}

// appendOptions appends our own Connection field. RFC 9110, Section 7.8: "A sender of Upgrade
// MUST also send an "Upgrade" connection option".
func appendOptions(dst []byte, f *facts) []byte {
	switch {
	case f.offers && f.close:
		return append(dst, "Connection: close, Upgrade\r\n"...)
	case f.offers:
		return append(dst, "Connection: Upgrade\r\n"...)
	case f.close:
		return append(dst, "Connection: close\r\n"...)
	}
	return dst
}

// expectsContent: RFC 9110, Section 8.6: "A user agent SHOULD send Content-Length in a
// request when the method defines a meaning for enclosed content […]. For example, […] a
// POST request even when the value is 0".
func expectsContent(method string) bool {
	return method == semantics.MethodPost || method == semantics.MethodPut || method == semantics.MethodPatch
}
