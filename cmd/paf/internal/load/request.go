package load

import (
	"io"
	"os"
	"strings"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/cmd/paf/internal/exit"
	"github.com/paf-go/paf/cmd/paf/internal/typed"
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

// newRequest makes a request for a URL. Fields are as "Name: value"; "Name:" leaves one out that would be sent. kind is the Content-Type that content has, unless
// they name another; "" for none.
func newRequest(method, url string, fields []string, content []byte, kind string) (*request, error) {
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
	if kind != "" {
		r.head.Fields.Add("Content-Type", kind)
	}
	return r, typed.SetFields(&r.head.Fields, fields)
}

// formType returns the Content-Type of content that was typed: "" if there is none.
func formType(content []byte) string {
	if content == nil {
		return ""
	}
	return typed.FormType
}

// readContent returns the content of the options: pieces that are joined by "&", each text, "@" and the name of a file, or "@-" for stdin. nil is none.
func readContent(pieces []string, stdin io.Reader) ([]byte, error) {
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
		content, err := readFile(name, stdin)
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

// readFile reads a file, or stdin for "-".
func readFile(name string, stdin io.Reader) ([]byte, error) {
	if name == "-" && stdin != nil {
		return io.ReadAll(stdin)
	}
	return os.ReadFile(name)
}

// Secure reports whether TLS is spoken with the server of a URL.
func Secure(url string) bool {
	scheme, _, _ := strings.Cut(typed.URL(httpScheme(url)), "://")
	return strings.HasPrefix(strings.ToLower(scheme), "https")
}

// sameServer returns an error if a request is for another server than the target of the run.
func (r *request) sameServer(to *semantics.Target) error {
	if r.head.Target.Scheme != to.Scheme || !strings.EqualFold(r.head.Target.Authority, to.Authority) {
		return exit.Errorf(exit.Usage, "%s://%s is another server than %s://%s", r.head.Target.Scheme, r.head.Target.Authority, to.Scheme, to.Authority)
	}
	return nil
}
