package load

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/paf-go/paf/cmd/paf/internal/exit"
	"github.com/paf-go/paf/semantics"
)

// readRequests reads a file of requests: a HAR, or lines. base is the request of the URL, to which what the file says is relative; fields apply to each.
//
// A line is "[METHOD] TARGET [CONTENT]": the method is GET, or POST where there is content; the target is a path or a URL of the same server; content is text to
// the end of the line, or @FILE, relative to where the file of requests is. Empty lines and those that begin with "#" are nothing.
func readRequests(name string, base *request, fields []string) ([]*request, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, exit.Errorf(exit.Read, "cannot read the requests: %w", err)
	}
	s := source{name: name, base: base, fields: fields}
	if bytes.HasPrefix(bytes.TrimLeft(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")), " \t\r\n"), []byte("{")) {
		err = s.har(text)
	} else {
		err = s.lines(string(text))
	}
	if err == nil && len(s.requests) == 0 {
		err = exit.Errorf(exit.Usage, "%s has no request for %s://%s", name, base.head.Target.Scheme, base.head.Target.Authority)
	}
	return s.requests, err
}

// A source is a file of requests that is being read.
type source struct {
	name     string
	base     *request
	fields   []string
	requests []*request
}

func (s *source) lines(text string) error {
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if err := s.line(line); err != nil {
			return exit.Errorf(exit.CodeOf(err), "%s:%d: %w", s.name, i+1, err)
		}
	}
	return nil
}

func (s *source) line(line string) error {
	method, rest := "", line
	if word, after, _ := strings.Cut(line, " "); !strings.Contains(word, "/") {
		method, rest = word, strings.TrimSpace(after)
	}
	target, text, _ := strings.Cut(rest, " ")
	if target == "" {
		return exit.Errorf(exit.Usage, "a request is \"[METHOD] TARGET [CONTENT]\", not %q", line)
	}
	var content []byte
	if text = strings.TrimSpace(text); text != "" {
		if name, isFile := strings.CutPrefix(text, "@"); isFile && !filepath.IsAbs(name) {
			text = "@" + filepath.Join(filepath.Dir(s.name), name)
		}
		var err error
		if content, err = readContent([]string{text}); err != nil {
			return err
		}
	}
	r, err := s.request(method, target, nil, content)
	if err != nil {
		return err
	}
	s.requests = append(s.requests, r)
	return nil
}

// request makes a request, whose server must be the base's.
func (s *source) request(method, target string, fields []string, content []byte) (*request, error) {
	to := &s.base.head.Target
	if strings.HasPrefix(target, "/") && !strings.HasPrefix(target, "//") {
		target = to.Scheme + "://" + to.Authority + target
	}
	r, err := newRequest(method, target, fields, content)
	if err == nil {
		err = r.setFields(s.fields)
	}
	if err == nil {
		err = r.sameServer(to)
	}
	return r, err
}

// An archive is what of a HAR 1.2 is looked at.
type archive struct {
	Log struct {
		Entries []struct {
			Request struct {
				Method  string
				URL     string
				Headers []pair
				Post    *struct {
					Text     string
					Encoding string
					MimeType string
					Params   []pair
				} `json:"postData"`
			}
		}
	}
}

type pair struct{ Name, Value string }

// har reads a HAR, as browsers save it. Requests for other servers are left out: pages have many, and the load is for one.
func (s *source) har(text []byte) error {
	var a archive
	if err := json.Unmarshal(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")), &a); err != nil {
		return exit.Errorf(exit.Usage, "%s begins like a HAR, and is none: %w", s.name, err)
	}
	to := &s.base.head.Target
	for i, e := range a.Log.Entries {
		u, err := url.Parse(e.Request.URL)
		if err != nil || u.Scheme != to.Scheme || !sameAuthority(u, to) {
			continue
		}
		var content []byte
		if p := e.Request.Post; p != nil {
			content = []byte(p.Text)
			if p.Encoding == "base64" {
				content, err = base64.StdEncoding.DecodeString(p.Text)
			}
			if p.Text == "" && len(p.Params) > 0 {
				content = form(p.Params)
			}
		}
		var r *request
		if err == nil {
			r, err = s.request(e.Request.Method, to.Scheme+"://"+to.Authority+u.RequestURI(), kept(e.Request.Headers), content)
		}
		if err != nil {
			return exit.Errorf(exit.CodeOf(err), "%s: entry %d: %w", s.name, i, err)
		}
		s.requests = append(s.requests, r)
	}
	return nil
}

// sameAuthority compares hosts and ports, where the usual one may be left out.
func sameAuthority(u *url.URL, to *semantics.Target) bool {
	usual := map[string]string{"http": "80", "https": "443"}[to.Scheme]
	port := func(p string) string {
		if p == "" {
			return usual
		}
		return p
	}
	return strings.EqualFold(u.Hostname(), strings.Trim(to.Host(), "[]")) && port(u.Port()) == port(to.Port())
}

// kept returns the fields that a browser has sent and another client may: not those that are the connection's, the engine's or HTTP/2's.
func kept(headers []pair) (fields []string) {
	for _, h := range headers {
		if strings.HasPrefix(h.Name, ":") || semantics.ConnectionSpecific(h.Name) ||
			strings.EqualFold(h.Name, "Host") || strings.EqualFold(h.Name, "Content-Length") || h.Value == "" {
			continue
		}
		fields = append(fields, fmt.Sprintf("%s: %s", h.Name, h.Value))
	}
	return fields
}

// form encodes the parameters of a form.
func form(params []pair) []byte {
	var b strings.Builder
	for i, p := range params {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(url.QueryEscape(p.Name) + "=" + url.QueryEscape(p.Value))
	}
	return []byte(b.String())
}
