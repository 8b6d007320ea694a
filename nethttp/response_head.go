package nethttp

import (
	"errors"
	"net/http"
	"net/textproto"
	"slices"
	"strconv"
	"strings"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/semantics"
)

// told is what the fields of a handler say, of that which matters for the head.
type told uint16

const (
	toldType     told = 1 << iota // Content-Type
	toldEncoding                  // Content-Encoding that is not empty
	toldCoding                    // Transfer-Encoding
	toldLength
	toldDate
	toldClose   // Connection: close
	toldTrailer // a name with http.TrailerPrefix, or Trailer
)

// settleFields makes the lines of the head of the handler's fields, as they are now, in the order of their names.
func (w *exchange) settleFields() {
	w.length, w.draft = -1, w.conn.draftOf()
	list := w.lines
	for name, values := range w.fields {
		list = w.settle(list, name, values)
	}
	sortLines(list)
	w.lines = list
}

// settle adds the lines of one name, and takes note of what they say: a name without values says that nothing is to be added.
func (w *exchange) settle(list []semantics.Field, name string, values []string) []semantics.Field {
	first := ""
	if len(values) > 0 {
		first = values[0]
	}
	switch name {
	case "Content-Type":
		w.told |= toldType
	case "Content-Encoding":
		if first != "" {
			w.told |= toldEncoding
		}
	case "Transfer-Encoding":
		if first != "" && !w.http2() {
			w.told |= toldCoding
		}
	case "Date":
		w.told |= toldDate
	case "Connection":
		if first == "close" {
			w.told |= toldClose
		}
	case "Trailer":
		for _, v := range values {
			w.announce(v)
		}
	case "Content-Length":
		if w.told |= toldLength; !w.readLength(first) {
			return list
		}
	default:
		if strings.HasPrefix(name, http.TrailerPrefix) {
			w.told |= toldTrailer
			return list
		}
	}
	return w.appendLines(list, name, values)
}

// readLength takes the length that the handler has declared, and reports whether there is one.
func (w *exchange) readLength(v string) bool {
	if v == "" {
		return false
	}
	if n, err := strconv.ParseInt(v, 10, 64); err == nil && n >= 0 {
		w.length = n
		return true
	}
	if w.http2() {
		w.told &^= toldLength // net/http finds one out there
	} else {
		w.logf("http: invalid Content-Length of %q", v)
	}
	delete(w.fields, "Content-Length")
	return false
}

// appendLines appends the lines of a name, unless it is none. Nothing that could be read as another line gets through: net/http mends such
// values on HTTP/1, and leaves them out on HTTP/2.
func (w *exchange) appendLines(list []semantics.Field, name string, values []string) []semantics.Field {
	if !semantics.ValidName(name) {
		return list
	}
	for _, v := range values {
		if !semantics.ValidValue(v) {
			if w.http2() {
				continue
			}
			v = harmless(v)
		}
		list = append(list, semantics.Field{Name: name, Value: semantics.TrimSpace(v)})
	}
	return list
}

// harmless returns a value without what must not be in one (RFC 9110, Section 5.5).
func harmless(v string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' && c != '\t' || c == 0x7f {
			return ' '
		}
		return c
	}, v)
}

// sortLines sorts by name; lines of the same name stay as they are.
func sortLines(list []semantics.Field) {
	if len(list) > 12 {
		slices.SortStableFunc(list, func(a, b semantics.Field) int { return strings.Compare(a.Name, b.Name) })
		return
	}
	for i := 1; i < len(list); i++ {
		for j := i; j > 0 && list[j].Name < list[j-1].Name; j-- {
			list[j], list[j-1] = list[j-1], list[j]
		}
	}
}

// announce notes the names that a Trailer field announces.
func (w *exchange) announce(value string) {
	w.told |= toldTrailer
	for name := range semantics.Members(value) {
		if name = textproto.CanonicalMIMEHeaderKey(name); semantics.AllowedInTrailer(name) {
			w.trailers = append(w.trailers, name)
		}
	}
}

// interim sends an interim response.
func (w *exchange) interim(status int) {
	var list []semantics.Field
	for name, values := range w.fields {
		if name != "Content-Length" && name != "Transfer-Encoding" {
			list = w.appendLines(list, name, values)
		}
	}
	sortLines(list)
	head := semantics.Response{Status: status, Reason: reason(status), Protocol: w.head.protocol, Fields: semantics.FieldsFrom(list)}
	_ = w.ticket.Respond(&head, 0)
}

// begin lays out the head, unless it has been. What the handler has not said is added in net/http's order.
func (w *exchange) begin() error { return w.beginWith(nil) }

// beginWith is begin; if the handler has returned it completes the response, with a trailer section.
func (w *exchange) beginWith(trailer *semantics.Fields) error {
	if w.begun {
		return nil
	}
	w.begun = true
	list, added := w.lines, w.implicitLength()
	bare := !w.http2() && semantics.NoContent(int(w.status))
	if bare {
		list, w.length = w.bare(list), -1
	}
	closes := w.told&toldClose == 0 && !w.keepContent()
	if w.told&toldDate == 0 {
		list = append(list, semantics.Field{Name: "Date", Value: w.ticket.Date()})
	}
	if added {
		w.length = int64(w.held)
		list = append(list, semantics.Field{Name: "Content-Length"}) // its value is the engine's to say
	}
	if len(w.beginning) > 0 && !bare {
		list = append(list, semantics.Field{Name: "Content-Type", Value: http.DetectContentType(w.beginning)})
	}
	if closes {
		list = append(list, semantics.Field{Name: "Connection", Value: "close"})
	}
	w.lines = list
	head := semantics.Response{Status: int(w.status), Reason: reason(int(w.status)), Protocol: w.head.protocol, Fields: semantics.FieldsFrom(list)}
	length, x := w.declared(&head.Fields), w.ticket
	var err error
	if w.done {
		err = x.Answer(&head, length, trailer)
	} else {
		err = x.Respond(&head, length)
	}
	if err != nil {
		w.unsendable(err)
	}
	return w.note(err)
}

// unsendable answers for a head that cannot be sent: a status that is none, a 101 on HTTP/2.
func (w *exchange) unsendable(err error) {
	var misuse *engine.Error
	if x := w.ticket; errors.As(err, &misuse) && misuse.Scope == engine.Message && !x.Begun() {
		w.logf("http: response that cannot be sent: %v", err)
		x.Forget()
		_ = x.Answer(&semantics.Response{Status: http.StatusInternalServerError}, 0, nil)
	}
}

// implicitLength reports whether the content is whole, its length not declared, and nothing in the way of saying it.
func (w *exchange) implicitLength() bool {
	if !w.done || w.told&toldLength != 0 || semantics.NoContent(int(w.status)) || w.held == 0 && w.head.method == http.MethodHead {
		return false
	}
	return w.told&(toldTrailer|toldCoding) == 0 || w.http2()
}

// declared returns the length of the content, -1 if only its end will tell. A coding of the handler's own rules out a length.
func (w *exchange) declared(fields *semantics.Fields) int64 {
	switch {
	case w.length < 0:
		return -1
	case w.told&toldTrailer != 0 && w.http2():
		return -1 // the frame that completes a length would be the last one
	case w.told&toldCoding == 0:
		return w.length
	}
	coding := fields.Get("Transfer-Encoding")
	if coding == "identity" {
		return w.length
	}
	w.logf("http: WriteHeader called with both Transfer-Encoding of %q and a Content-Length of %d", coding, w.length)
	return -1
}

// bare returns the lines but for those that have no place in a response without content.
func (w *exchange) bare(list []semantics.Field) []semantics.Field {
	return slices.DeleteFunc(list, func(f semantics.Field) bool {
		return f.Name == "Content-Type" && w.status == http.StatusNotModified
	})
}

// keepContent sees to what is left of the request's content, and reports whether the connection may go on.
func (w *exchange) keepContent() bool {
	if w.http2() {
		return true
	}
	b := w.body
	if b != nil && b.expects && !b.ended.Load() {
		return false
	}
	return w.fullDuplex || w.request.Close || b.keep()
}

// reason returns a status's phrase as net/http writes it.
func reason(status int) string {
	if text := http.StatusText(status); text != "" {
		return text
	}
	return "status code " + strconv.Itoa(status)
}

// trailer returns what the handler has put into the fields for the trailer section, nil for nothing.
func (w *exchange) trailer() *semantics.Fields {
	var list []semantics.Field
	slices.Sort(w.trailers)
	w.trailers = slices.Compact(w.trailers)
	for _, name := range w.trailers {
		list = w.appendLines(list, name, w.fields[name])
	}
	for name, values := range w.fields {
		if name, is := strings.CutPrefix(name, http.TrailerPrefix); is {
			list = w.appendLines(list, textproto.CanonicalMIMEHeaderKey(name), values)
		}
	}
	sortLines(list)
	if len(list) == 0 {
		return nil
	}
	trailer := semantics.FieldsFrom(list)
	return &trailer
}
