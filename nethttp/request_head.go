package nethttp

import (
	"maps"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/semantics"
)

// A head is what the head of a request comes to in net/http's words. It does not change, and is used again for requests of the connection
// that are the same: those who get a piece of it that they may change get a copy.
type head struct {
	method   string
	from     paf.Target
	length   int64
	protocol paf.Protocol
	fields   paf.Fields // as they came
	lines    []line     // for the http.Header
	values   int        // how many there are
	url      *url.URL   // nil if it is the path and the query as they came
	uri      string     // if there is a url
	close    bool
	chunks   bool // chunked is its transfer coding
	// expects: the client waits for 100 (Continue) before it sends the content.
	expects  bool
	trailers http.Header    // that are announced, without values
	index    map[string]int // of lines, while many of them are read
}

// A line is the values of one name.
type line struct {
	name, value string
	more        []string // after the first
}

// A head is used again if it is small: a connection that waits for its next request keeps it. A field counts as in RFC 9113, Section 6.5.2.
const headKept = 8 << 10

func (h *head) small() bool {
	size := len(h.from.Raw)
	for _, f := range h.fields.List() {
		size += len(f.Name) + len(f.Value) + 32
	}
	return size <= headKept
}

// is reports whether a request has this head.
func (h *head) is(r *paf.Request) bool {
	return h.method == r.Method && h.from == r.Target && h.length == r.Length && h.protocol == r.Protocol && h.fields.Equal(&r.Header)
}

// newHead translates the head of a request; nil if net/url cannot read its target.
func newHead(r *paf.Request) *head {
	h := &head{method: r.Method, from: r.Target, length: r.Length, protocol: r.Protocol, fields: r.Header.Share()}
	if !h.readTarget(r) {
		return nil
	}
	h.readFields(r)
	return h
}

// readTarget makes RequestURI and URL, unless they are what paf has, and reports whether net/url can.
func (h *head) readTarget(r *paf.Request) bool {
	h.uri = r.Raw
	switch {
	case r.Form == semantics.AuthorityForm:
		h.url = &url.URL{Host: r.Authority}
		return true
	case r.Form == semantics.OriginForm && plainPath(r.Path) && r.Raw != "" && !strings.HasSuffix(r.Raw, "?"):
		return true
	case r.Raw == "": // somebody has made the request anew
		if h.uri = r.Path; r.Query != "" {
			h.uri += "?" + r.Query
		}
	}
	var err error
	h.url, err = url.ParseRequestURI(h.uri)
	return err == nil
}

// target gives a request what readTarget has made.
func (h *head) target(q *http.Request) {
	*q.URL, q.RequestURI = *h.url, h.uri
	if h.url.Host != "" {
		q.Host = h.url.Host
	}
}

// plainPath reports whether a path is the same with and without percent-encoding, as net/url writes it.
func plainPath(path string) bool {
	if path == "" || path[0] != '/' || strings.HasPrefix(path, "//") {
		return false
	}
	for i := 0; i < len(path); i++ {
		switch c := path[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case c == '/', c == '-', c == '_', c == '.', c == '~', c == '+', c == ',', c == '@', c == '=', c == '&', c == '$', c == ';', c == ':':
		default:
			return false
		}
	}
	return true
}

// readFields sorts the fields by name. Host, Transfer-Encoding and Trailer have places of their own in an http.Request, and on HTTP/2 Expect has
// been dealt with.
func (h *head) readFields(r *paf.Request) {
	h.lines = make([]line, 0, h.fields.Len())
	keep, old := false, r.Protocol == paf.HTTP10
	for _, f := range h.fields.List() {
		name, value := textproto.CanonicalMIMEHeaderKey(f.Name), f.Value
		switch name {
		case "Host":
			continue
		case "Transfer-Encoding":
			h.chunks = true
			continue
		case "Trailer":
			if h.readTrailer(value); h.length < 0 || h.protocol == paf.HTTP2 {
				continue
			}
		case "Expect":
			h.expects = !old && semantics.EqualFold(value, "100-continue") && h.length != 0
			if h.protocol == paf.HTTP2 && h.expects {
				continue
			}
		case "Connection":
			for option := range semantics.Members(value) {
				h.close = h.close || semantics.EqualFold(option, "close")
				keep = keep || semantics.EqualFold(option, "keep-alive")
			}
		}
		h.add(name, value)
	}
	h.close = h.close || old && !keep
	if h.protocol != paf.HTTP2 && h.get("Pragma") == "no-cache" && h.get("Cache-Control") == "" {
		h.add("Cache-Control", "no-cache") // as net/http does, for caches of HTTP/1.0
	}
	h.index = nil
}

func (h *head) add(name, value string) {
	h.values++
	if i := h.find(name); i >= 0 {
		h.lines[i].more = append(h.lines[i].more, value)
		return
	}
	h.lines = append(h.lines, line{name: name, value: value})
}

// linesMost is how many lines are looked through one by one: a client may send thousands of names.
const linesMost = 32

// find returns where the line of a name is, -1 if there is none.
func (h *head) find(name string) int {
	if len(h.lines) <= linesMost {
		return slices.IndexFunc(h.lines, func(l line) bool { return l.name == name })
	}
	if h.index == nil {
		h.index = make(map[string]int, h.fields.Len())
	}
	for i := len(h.index); i < len(h.lines); i++ {
		h.index[h.lines[i].name] = i
	}
	if i, has := h.index[name]; has {
		return i
	}
	return -1
}

func (h *head) get(name string) string {
	for i := range h.lines {
		if h.lines[i].name == name {
			return h.lines[i].value
		}
	}
	return ""
}

// readTrailer notes the names that a Trailer field announces, but for those that must not be there.
func (h *head) readTrailer(value string) {
	for name := range semantics.Members(value) {
		name = textproto.CanonicalMIMEHeaderKey(name)
		if !semantics.AllowedInTrailer(name) {
			continue
		}
		if h.trailers == nil {
			h.trailers = http.Header{}
		}
		h.trailers[name] = nil
	}
}

// header makes an http.Header.
func (h *head) header() http.Header {
	header, values := make(http.Header, len(h.lines)), make([]string, 0, h.values)
	for i := range h.lines {
		l, first := &h.lines[i], len(values)
		values = append(append(values, l.value), l.more...)
		header[l.name] = values[first:len(values):len(values)]
	}
	return header
}

func (h *head) codings() []string {
	if !h.chunks {
		return nil
	}
	return []string{"chunked"}
}

// trailer makes the http.Header for the trailer section, with the names that are announced.
func (h *head) trailer() http.Header {
	if len(h.trailers) == 0 || h.length >= 0 && h.protocol != paf.HTTP2 {
		return nil
	}
	return maps.Clone(h.trailers)
}
