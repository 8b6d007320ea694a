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
	fields   []semantics.Field // as they came
	lines    []line            // for the http.Header
	values   int               // how many there are
	url      url.URL
	uri      string
	host     string
	close    bool
	chunks   bool // chunked is its transfer coding
	// expects: the client waits for 100 (Continue) before it sends the content.
	expects  bool
	trailers http.Header    // that are announced, without values
	index    map[string]int // of lines, while many of them are read
}

// A line is the values of one name.
type line struct {
	name   string
	values []string
}

// A head is used again if it is small: a connection that waits for its next request keeps it. A field counts as in RFC 9113, Section 6.5.2.
const headKept = 8 << 10

func (h *head) small() bool {
	size := len(h.from.Raw)
	for i := range h.fields {
		size += len(h.fields[i].Name) + len(h.fields[i].Value) + 32
	}
	return size <= headKept
}

// is reports whether a request has this head.
func (h *head) is(r *paf.Request) bool {
	return h.method == r.Method && h.from == r.Target && h.length == r.Length && h.protocol == r.Protocol && slices.Equal(h.fields, r.Header.List())
}

// newHead translates the head of a request; nil if net/url cannot read its target.
func newHead(r *paf.Request) *head {
	h := &head{method: r.Method, from: r.Target, length: r.Length, protocol: r.Protocol, fields: slices.Clone(r.Header.List())}
	if !h.readTarget(r) {
		return nil
	}
	h.readFields(r)
	h.host = h.url.Host
	if h.host == "" {
		h.host = r.Authority
	}
	return h
}

// readTarget makes RequestURI and URL.
func (h *head) readTarget(r *paf.Request) bool {
	h.uri = r.Raw
	switch r.Form {
	case semantics.AuthorityForm:
		h.url.Host = r.Authority
		return true
	case semantics.OriginForm:
		if plainPath(r.Path) && r.Raw != "" {
			h.url.Path, h.url.RawQuery = r.Path, r.Query
			h.url.ForceQuery = r.Query == "" && strings.HasSuffix(r.Raw, "?")
			return true
		}
	}
	if h.uri == "" { // somebody has made the request anew
		if h.uri = r.Path; r.Query != "" {
			h.uri += "?" + r.Query
		}
	}
	u, err := url.ParseRequestURI(h.uri)
	if err != nil {
		return false
	}
	h.url = *u
	return true
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
	h.lines = make([]line, 0, len(h.fields)+1)
	keep, old := false, r.Protocol == paf.HTTP10
	for i := range h.fields {
		name, value := textproto.CanonicalMIMEHeaderKey(h.fields[i].Name), h.fields[i].Value
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
		h.lines[i].values = append(h.lines[i].values, value)
		return
	}
	h.lines = append(h.lines, line{name, []string{value}})
}

// linesMost is how many lines are looked through one by one: a client may send thousands of names.
const linesMost = 32

// find returns where the line of a name is, -1 if there is none.
func (h *head) find(name string) int {
	if len(h.lines) <= linesMost {
		return slices.IndexFunc(h.lines, func(l line) bool { return l.name == name })
	}
	if h.index == nil {
		h.index = make(map[string]int, len(h.fields))
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
			return h.lines[i].values[0]
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
func (h *head) header(values []string) http.Header {
	header := make(http.Header, len(h.lines))
	if h.values > len(values) {
		values = make([]string, h.values)
	}
	for i := range h.lines {
		n := copy(values, h.lines[i].values)
		header[h.lines[i].name] = values[:n:n]
		values = values[n:]
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
