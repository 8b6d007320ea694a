package load

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"github.com/paf-go/paf/cmd/paf/internal/exit"
	"github.com/paf-go/paf/semantics"
)

// An archive is what of a HAR 1.2 is looked at.
type archive struct {
	Log struct {
		Entries []struct{ Request json.RawMessage }
	}
}

// An entry is a request of an archive.
type entry struct {
	Method  string
	URL     string
	Headers []pair
	Post    *struct {
		Text     string
		Encoding string
		Params   []pair
	} `json:"postData"`
}

type pair struct{ Name, Value string }

// har reads a HAR, as browsers save it. Requests for other servers are left out, whatever is in them: pages have many, and the load is for one.
func (s *source) har(text []byte) error {
	var a archive
	if err := json.Unmarshal(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")), &a); err != nil {
		return exit.Errorf(exit.Usage, "%s begins like a HAR, and is none: %w", s.name, err)
	}
	to := &s.base.head.Target
	for i, e := range a.Log.Entries {
		var at struct{ URL string }
		_ = json.Unmarshal(e.Request, &at)
		u, err := url.Parse(at.URL)
		if err != nil || u.Scheme != to.Scheme || !sameAuthority(u, to) {
			s.other(u)
			continue
		}
		where := fmt.Sprintf("%s: entry %d (for %s): ", s.name, i+1, u.RequestURI())
		r, err := s.entry(e.Request, to.Scheme+"://"+to.Authority+u.RequestURI())
		if err != nil {
			return exit.Errorf(max(exit.Usage, exit.CodeOf(err)), "%s%w", where, err)
		}
		s.add(r, where)
	}
	return nil
}

// other counts a request for another origin; u is nil if nobody knows which.
func (s *source) other(u *url.URL) {
	if u == nil || u.Host == "" {
		return
	}
	if s.others == nil {
		s.others = map[string]int{}
	}
	s.others[u.Scheme+"://"+u.Host]++
}

// entry makes a request of an entry for a target.
func (s *source) entry(text []byte, target string) (*request, error) {
	var e entry
	if err := json.Unmarshal(text, &e); err != nil {
		return nil, err
	}
	var content []byte
	if p := e.Post; p != nil {
		content = []byte(p.Text)
		if p.Encoding == "base64" {
			var err error
			if content, err = base64.StdEncoding.DecodeString(p.Text); err != nil {
				return nil, fmt.Errorf("its content is no base64: %w", err)
			}
		}
		if p.Text == "" && len(p.Params) > 0 {
			content = form(p.Params)
		}
	}
	return s.request(e.Method, target, kept(e.Headers), content, "")
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

// kept returns the fields that a browser has sent and another client may: not those that are the connection's, the engine's or HTTP/2's, and none that no
// engine sends. Whoever sends load does not wait for a 100 before the content, so he does not ask for one.
func kept(headers []pair) (fields []string) {
	own := map[string]bool{"host": true, "content-length": true, "expect": true, "trailer": true}
	for _, h := range headers {
		if strings.EqualFold(h.Name, "Connection") { // RFC 9110, Section 7.6.1: what it names is the connection's as well
			for name := range strings.SplitSeq(strings.ToLower(h.Value), ",") {
				own[strings.TrimSpace(name)] = true
			}
		}
	}
	for _, h := range headers {
		value := semantics.TrimSpace(h.Value)
		if own[strings.ToLower(h.Name)] || semantics.ConnectionSpecific(h.Name) || value == "" || !semantics.ValidName(h.Name) || !semantics.ValidValue(value) {
			continue
		}
		fields = append(fields, h.Name+": "+value)
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
