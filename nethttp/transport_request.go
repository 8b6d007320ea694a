package nethttp

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/paf-go/paf/semantics"
)

// This file is how an http.Request becomes what paf sends.

// The user agents that net/http names if nobody names another one: servers tell by them which client it is.
const (
	agentHTTP1 = "Go-http-client/1.1"
	agentHTTP2 = "Go-http-client/2.0"
)

// fields appends the fields of the request, in an order that does not depend on the map's.
func (x *roundTrip) fields(list []semantics.Field) []semantics.Field {
	r := x.request
	agent, named := r.Header["User-Agent"]
	x.agent = !named
	switch {
	case !named:
		list = append(list, semantics.Field{Name: "User-Agent", Value: agentHTTP1})
	case len(agent) > 0 && agent[0] != "":
		list = append(list, semantics.Field{Name: "User-Agent", Value: semantics.TrimSpace(agent[0])})
	}
	if r.Close {
		list = append(list, semantics.Field{Name: "Connection", Value: "close"})
	}
	if x.content != nil || takesContent(r.Method) {
		list = append(list, semantics.Field{Name: "Content-Length"}) // its place: paf writes it, or Transfer-Encoding
	}
	if len(r.Trailer) > 0 {
		list = append(list, semantics.Field{Name: "Trailer", Value: strings.Join(sortedNames(r.Trailer), ",")})
	}
	start := len(list)
	for name, values := range r.Header {
		if ownField(name) {
			continue
		}
		for _, v := range values {
			list = append(list, semantics.Field{Name: name, Value: semantics.TrimSpace(v)})
		}
	}
	slices.SortStableFunc(list[start:], func(a, b semantics.Field) int { return strings.Compare(a.Name, b.Name) })
	x.gzip = !x.t.DisableCompression && r.Method != "HEAD" && r.Header.Get("Accept-Encoding") == "" && r.Header.Get("Range") == ""
	if x.gzip {
		list = append(list, semantics.Field{Name: "Accept-Encoding", Value: "gzip"})
	}
	if !r.Close && x.t.DisableKeepAlives && !upgrades(r) {
		list = append(list, semantics.Field{Name: "Connection", Value: "close"})
	}
	return list
}

func takesContent(method string) bool {
	return method == "POST" || method == "PUT" || method == "PATCH"
}

// ownField reports whether a field of a request is written from elsewhere than its map.
func ownField(name string) bool {
	switch name {
	case "Host", "User-Agent", "Content-Length", "Transfer-Encoding", "Trailer":
		return true
	}
	return false
}

// sortedNames returns the names of a trailer section that may be announced.
func sortedNames(trailer http.Header) []string {
	names := make([]string, 0, len(trailer))
	for name := range trailer {
		names = append(names, http.CanonicalHeaderKey(name))
	}
	slices.Sort(names)
	return names
}

// trailerOf returns what stands in a trailer section by now.
func trailerOf(h http.Header) *semantics.Fields {
	f := &semantics.Fields{}
	for _, name := range sortedNames(h) {
		for _, v := range h[name] {
			f.Add(name, semantics.TrimSpace(v))
		}
	}
	return f
}

// hostOf returns the host that the request names.
func hostOf(r *http.Request) (string, error) {
	host := r.Host
	if host == "" {
		host = r.URL.Host
	}
	host = withoutZone(host)
	if i := strings.IndexAny(host, " /"); i >= 0 {
		host = host[:i]
	}
	if !semantics.ValidAuthority(host) {
		return "", errors.New("http: invalid Host header")
	}
	return host, nil
}

// withoutZone takes the zone from an IPv6 literal: RFC 6874, Section 4: "the ZoneID has no meaning outside of the client".
func withoutZone(host string) string {
	if !strings.HasPrefix(host, "[") {
		return host
	}
	end := strings.LastIndexByte(host, ']')
	zone := strings.LastIndexByte(host[:max(end, 0)], '%')
	if end < 0 || zone < 0 {
		return host
	}
	return host[:zone] + host[end:]
}

// pathOf returns path and query of a request target.
func pathOf(u *url.URL) (path, query string, err error) {
	path = u.Opaque
	switch {
	case path == "":
		path = u.EscapedPath()
	case strings.HasPrefix(path, "//"): // which names a host, too
		if i := strings.IndexByte(path[2:], '/'); i >= 0 {
			path = path[2+i:]
		} else {
			path = ""
		}
	}
	if path == "" {
		path = "/"
	}
	for i := 0; i < len(path); i++ {
		if path[i] < ' ' || path[i] == 0x7f {
			return "", "", errControl
		}
	}
	for i := 0; i < len(u.RawQuery); i++ {
		if u.RawQuery[i] < ' ' || u.RawQuery[i] == 0x7f {
			return "", "", errControl
		}
	}
	query = u.RawQuery
	if given, more, is := strings.Cut(path, "?"); is {
		path = given
		if query != "" {
			more += "?" + query
		}
		query = more
	}
	return escape(path, ""), escape(query, "\"<>\\^`{|}"), nil
}

var errControl = errors.New("net/http: can't write control character in Request.URL")

// escape encodes what cannot stand in a request target (RFC 3986, Section 2.1), and the characters in more.
func escape(s, more string) string {
	bad := func(c byte) bool { return c <= ' ' || c >= 0x7f || c == '#' || strings.IndexByte(more, c) >= 0 }
	i := 0
	for i < len(s) && !bad(s[i]) {
		i++
	}
	if i == len(s) {
		return s
	}
	b := []byte(s[:i])
	for ; i < len(s); i++ {
		if bad(s[i]) {
			b = fmt.Appendf(b, "%%%02X", s[i])
		} else {
			b = append(b, s[i])
		}
	}
	return string(b)
}

// authorize adds the credentials for a proxy that forwards requests (RFC 9110, Section 11.7.2).
func authorize(list []semantics.Field, r *http.Request, k routeKey) []semantics.Field {
	if k.user == "" || r.Header.Get("Proxy-Authorization") != "" {
		return list
	}
	return append(list, semantics.Field{Name: "Proxy-Authorization", Value: k.user, Sensitive: true})
}

// credentials returns the value of Proxy-Authorization for a proxy's URL, "" for none (RFC 7617).
func credentials(proxy *url.URL) string {
	if proxy.User == nil {
		return ""
	}
	password, _ := proxy.User.Password()
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(proxy.User.Username()+":"+password))
}
