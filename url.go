package paf

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/paf-go/paf/semantics"
)

// A URL of http+unix or https+unix is for a server at a Unix socket, whose path stands for the host, percent-encoded:
// "http+unix://%2Frun%2Fapp.sock/path". Nobody has registered these schemes; many programs write them so. net/url
// takes such a host for none. In a Target it is decoded, and therefore nothing that could have come as the authority of
// a request: a server that sends on what it has received is not led to a socket.

// unixSuffix is what such a scheme ends in.
const unixSuffix = "+unix"

// localhost is the authority of a server at a socket.
const localhost = "localhost"

var (
	errScheme    = errors.New("it must begin with http:// or https:// (a Unix socket's with http+unix://)")
	errAuthority = errors.New("it has no valid host")
	errNoHost    = errors.New("it has no host")
	errPort      = errors.New("its port is none of 0 to 65535")
	errToSocket  = errors.New("what was found elsewhere does not lead to a socket")
	errSocket    = errors.New("it has no path of a socket for its host, as http+unix://%2Frun%2Fapp.sock/ (%40name for a name of Linux's)")
)

// parseURL makes a request's target of a URL, and returns what else is in it.
func parseURL(raw string) (Target, *url.URL, error) {
	socket, standIn, isSocket := cutSocket(raw)
	u, err := url.Parse(standIn)
	if err != nil {
		return Target{}, nil, unparsed(raw, err)
	}
	t, err := targetOf(u)
	said := u.Redacted()
	if err == nil && isSocket {
		t.Authority, err = socketPath(socket)
		said = strings.Replace(said, localhost, socket, 1)
	}
	if err == nil && isSocket && u.User != nil && u.User.String() == "" {
		err = errSocket // "@name" has its "@" encoded
	}
	if err != nil {
		return Target{}, nil, &URLError{URL: said, Err: err}
	}
	return t, u, nil
}

// refer makes a target of a reference that was found at another one. It leads to a socket only if that is where it was found: what
// listens at sockets trusts those who may connect, and a server elsewhere is not to use a client as one of them.
func refer(from *Target, reference string) (Target, *url.URL, error) {
	if _, _, absolute := cutSocket(reference); absolute {
		t, u, err := parseURL(reference)
		if err == nil && !sameOrigin(from, &t) {
			err = &URLError{URL: u.Redacted(), Err: errToSocket}
		}
		return t, u, err
	}
	_, standIn, isSocket := cutSocket((&Request{Target: *from}).URL())
	base, err := url.Parse(standIn)
	if err != nil {
		return Target{}, nil, &URLError{URL: standIn, Err: err}
	}
	u, err := base.Parse(reference)
	if err != nil {
		return Target{}, nil, unparsed(reference, err)
	}
	// RFC 9110, Section 17.11 and fetch: what the old URL kept to itself stays there.
	t, err := targetOf(u)
	if err == nil && t.Scheme == from.Scheme && isSocket {
		if t.Authority != localhost {
			err = errToSocket
		}
		t.Authority = from.Authority
	}
	if err != nil {
		return Target{}, nil, &URLError{URL: u.Redacted(), Err: err}
	}
	return t, u, nil
}

// cutSocket returns the encoded path of the socket that a URL is for, and the same URL for localhost.
func cutSocket(raw string) (path, standIn string, ok bool) {
	scheme, rest, found := strings.Cut(raw, "://")
	n := len(scheme) - len(unixSuffix)
	if !found || n < 0 || !strings.EqualFold(scheme[n:], unixSuffix) || strings.ContainsAny(scheme, "/?#") { // which is no scheme, but a reference that holds a URL
		return "", raw, false
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	begin := strings.LastIndexByte(rest[:end], '@') + 1 // what is before is the user
	return rest[begin:end], scheme + "://" + rest[:begin] + localhost + rest[end:], true
}

// socketPath decodes the path of a socket. One that is neither absolute nor a name of Linux's abstract ones is relative
// to the working directory.
func socketPath(encoded string) (string, error) {
	path, err := url.PathUnescape(encoded)
	if err != nil || path == "" || strings.ContainsRune(path, 0) {
		return "", errSocket
	}
	if !strings.ContainsAny(path, notInHosts) {
		path = "./" + path
	}
	return path, nil
}

// notInHosts are bytes of which no authority has one (RFC 3986, Section 3.2.2), and every path of a socket in a Target.
const notInHosts = `/\@`

// socketOf returns the path of the socket that a target is for, and the scheme that is spoken there; false if it is for none.
func socketOf(t *Target) (path, scheme string, ok bool) {
	scheme, ok = strings.CutSuffix(t.Scheme, unixSuffix)
	if !ok || defaultPort(scheme) == "" || !strings.ContainsAny(t.Authority, notInHosts) || strings.ContainsRune(t.Authority, 0) {
		return "", "", false
	}
	return t.Authority, scheme, true
}

// escapeSocket encodes the path of a socket, of which nothing is left that could end or divide a host.
func escapeSocket(path string) string { return strings.ReplaceAll(url.QueryEscape(path), "+", "%20") }

// targetOf makes a request's target of a URL. That of a socket has the authority of its stand-in.
func targetOf(u *url.URL) (Target, error) {
	scheme := strings.ToLower(u.Scheme)
	if defaultPort(strings.TrimSuffix(scheme, unixSuffix)) == "" || u.Opaque != "" {
		return Target{}, errScheme
	}
	if u.Host == "" || !semantics.ValidAuthority(u.Host) {
		return Target{}, wrongAuthority(u)
	}
	path := u.EscapedPath()
	if path == "" {
		path = "/"
	}
	return Target{Scheme: scheme, Authority: u.Host, Path: path, Query: escapeQuery(u.RawQuery)}, nil
}

// wrongAuthority says what is wrong with the host of a URL, or its port.
func wrongAuthority(u *url.URL) error {
	switch {
	case u.Hostname() == "":
		return errNoHost
	case u.Port() != "" && semantics.ValidAuthority(strings.TrimSuffix(u.Host, ":"+u.Port())):
		return errPort
	}
	return errAuthority
}

// hostname returns the host of a target, an IPv6 address without its brackets.
func hostname(t *Target) string {
	if _, _, ok := socketOf(t); ok {
		return localhost
	}
	host, _, _ := semantics.SplitAuthority(t.Authority)
	return strings.Trim(host, "[]")
}

func defaultPort(scheme string) string {
	switch scheme {
	case "http":
		return "80"
	case "https":
		return "443"
	}
	return ""
}

// secures reports whether TLS is run for a scheme.
func secures(scheme string) bool { return scheme == "https" || scheme == "https"+unixSuffix }

// unixPath returns the path of an address of the form "unix:PATH".
func unixPath(addr string) (string, bool) { return strings.CutPrefix(addr, "unix:") }

// escapeQuery encodes what url.Parse leaves in a query and a request target cannot hold (RFC 3986, Section 3.4), as browsers
// do.
func escapeQuery(q string) string {
	var b strings.Builder
	for i := 0; i < len(q); i++ {
		if c := q[i]; c <= ' ' || c >= 0x7f || strings.IndexByte("\"<>\\^`{|}", c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// basic returns the credentials of a URL as an Authorization value (RFC 7617).
func basic(u *url.Userinfo) string {
	password, _ := u.Password()
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(u.Username()+":"+password))
}
