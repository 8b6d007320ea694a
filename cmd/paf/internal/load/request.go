package load

import (
	"os"
	"strings"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/cmd/paf/internal/exit"
	"github.com/paf-go/paf/semantics"
)

// A request is what is sent, any number of times.
type request struct {
	head    semantics.Request
	content []byte // never changed
	from    string // where it stands, as "FILE: entry 3: "; "" for that of the URL
}

// userAgent is said of requests whose fields name no other.
const userAgent = "paf-load"

// newRequest makes a request for a URL. Fields are as "Name: value"; "Name:" leaves one out that would be sent.
func newRequest(method, url string, fields []string, content []byte) (*request, error) {
	if method == "" {
		method = semantics.MethodGet
		if content != nil {
			method = semantics.MethodPost
		}
	}
	made, err := paf.NewRequest(method, url, nil)
	if err != nil {
		return nil, exit.Errorf(exit.URL, "%w", err)
	}
	r := &request{content: content, head: semantics.Request{Method: method, Target: made.Target, Fields: made.Header}}
	if strings.HasSuffix(r.head.Target.Scheme, "+unix") { // which is how to get there, and nothing that a server is told
		r.head.Target.Scheme = strings.TrimSuffix(r.head.Target.Scheme, "+unix")
		r.head.Target.Authority = "localhost"
	}
	r.head.Fields.Add("User-Agent", userAgent)
	r.head.Fields.Add("Accept", "*/*")
	return r, r.setFields(fields)
}

// setFields applies fields that were given. Several of one name are all sent; they replace what would be sent otherwise.
func (r *request) setFields(fields []string) error {
	given := map[string]bool{}
	for _, line := range fields {
		name, value, ok := strings.Cut(line, ":")
		value = semantics.TrimSpace(value)
		switch {
		case !ok:
			return exit.Errorf(exit.Usage, "the field %q has no colon; a field is \"Name: value\"", line)
		case !semantics.ValidName(name):
			return exit.Errorf(exit.Usage, "%q is not the name of a field", name)
		case !semantics.ValidValue(value):
			return exit.Errorf(exit.Usage, "the value of the field %q has characters that none may have", name)
		}
		if key := strings.ToLower(name); !given[key] {
			given[key] = true
			r.head.Fields.Del(name)
		}
		if value != "" {
			r.head.Fields.Add(name, value)
		}
	}
	return nil
}

// readContent returns the content of the options: pieces that are joined by "&", each text or "@" and the name of a file. nil is none.
func readContent(pieces []string) ([]byte, error) {
	var all []byte
	for i, piece := range pieces {
		if i > 0 {
			all = append(all, '&')
		}
		name, isFile := strings.CutPrefix(piece, "@")
		if !isFile {
			all = append(all, piece...)
			continue
		}
		content, err := os.ReadFile(name)
		if err != nil {
			return nil, exit.Errorf(exit.Read, "cannot read the content: %w", err)
		}
		all = append(all, content...)
	}
	if len(pieces) > 0 && all == nil {
		all = []byte{}
	}
	return all, nil
}

// absolute returns a URL with a scheme: http if it has none.
func absolute(url string) string {
	scheme, _, ok := strings.Cut(url, "://")
	if !ok || strings.ContainsAny(scheme, "/?#") {
		return "http://" + url
	}
	return url
}

// Secure reports whether TLS is spoken with the server of a URL.
func Secure(url string) bool {
	return strings.HasPrefix(strings.ToLower(httpScheme(url)), "https")
}

// sameServer returns an error if a request is for another server than the target of the run.
func (r *request) sameServer(to *semantics.Target) error {
	if r.head.Target.Scheme != to.Scheme || !strings.EqualFold(r.head.Target.Authority, to.Authority) {
		return exit.Errorf(exit.Usage, "%s://%s is another server than %s://%s", r.head.Target.Scheme, r.head.Target.Authority, to.Scheme, to.Authority)
	}
	return nil
}
