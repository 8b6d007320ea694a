package load

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/cmd/paf/internal/exit"
	"github.com/paf-go/paf/cmd/paf/internal/typed"
)

// readRequests reads a file of requests, "-" for stdin: a HAR, or lines. base is the request of the URL, to which what the file says is relative; fields apply to each.
//
// A line is "[METHOD] TARGET [CONTENT]": the method is GET, or POST where there is content; the target is a path or a URL of the same server; content is text to
// the end of the line, or @FILE, relative to where the file of requests is. Empty lines and those that begin with "#" are nothing.
func readRequests(name string, stdin io.Reader, base *request, fields []string) ([]*request, error) {
	text, err := readFile(name, stdin)
	if err != nil {
		return nil, exit.Errorf(exit.Read, "cannot read the requests: %w", err)
	}
	s := source{name: name, base: base, fields: fields}
	if name == "-" {
		s.name = "standard input"
	}
	if bytes.HasPrefix(bytes.TrimLeft(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")), " \t\r\n"), []byte("{")) {
		err = s.har(text)
	} else {
		err = s.lines(string(text))
	}
	if err == nil && len(s.requests) == 0 {
		err = exit.Errorf(exit.Usage, "%s has no request for %s://%s%s", s.name, base.head.Target.Scheme, base.head.Target.Authority, s.elsewhere())
	}
	return s.requests, err
}

// A source is a file of requests that is being read.
type source struct {
	name     string
	base     *request
	fields   []string
	requests []*request
	others   map[string]int // how many requests there are for other origins
}

// mostOthers is how many other origins are named.
const mostOthers = 5

// elsewhere says which other origins the file has requests for, most of them first: ", but 3 for https://example.org and 1 for http://other".
func (s *source) elsewhere() string {
	names := slices.SortedFunc(maps.Keys(s.others), func(a, b string) int { return cmp.Or(s.others[b]-s.others[a], strings.Compare(a, b)) })
	if len(names) == 0 {
		return ""
	}
	var parts []string
	for _, name := range names[:min(len(names), mostOthers)] {
		parts = append(parts, fmt.Sprintf("%d for %s", s.others[name], name))
	}
	if more := len(names) - mostOthers; more > 0 {
		parts = append(parts, fmt.Sprintf("those for %d more", more))
	}
	return ", but " + strings.Join(parts, ", ")
}

func (s *source) lines(text string) error {
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		where := fmt.Sprintf("%s:%d: ", s.name, i+1)
		r, err := s.line(line)
		if err != nil {
			return exit.Errorf(exit.CodeOf(err), "%s%w", where, err)
		}
		s.add(r, where)
	}
	return nil
}

// add takes a request that stands at a place of the file.
func (s *source) add(r *request, where string) {
	r.from = where
	s.requests = append(s.requests, r)
}

func (s *source) line(line string) (*request, error) {
	method, rest := "", line
	if word, after, _ := strings.Cut(line, " "); !strings.Contains(word, "/") {
		method, rest = word, strings.TrimSpace(after)
	}
	target, text, _ := strings.Cut(rest, " ")
	if target == "" {
		return nil, exit.Errorf(exit.Usage, "a request is \"[METHOD] TARGET [CONTENT]\", not %q", line)
	}
	if !strings.HasPrefix(target, "/") && !strings.Contains(target, "://") {
		return nil, exit.Errorf(exit.Usage, "a target begins with \"/\" or is a whole URL, which %q is not", target)
	}
	var content []byte
	if text = strings.TrimSpace(text); text != "" {
		if name, isFile := strings.CutPrefix(text, "@"); isFile && !filepath.IsAbs(name) {
			text = "@" + filepath.Join(filepath.Dir(s.name), name)
		}
		var err error
		if content, err = readContent([]string{text}, nil); err != nil {
			return nil, err
		}
	}
	return s.request(method, target, nil, content, formType(content))
}

// request makes a request, whose server must be the base's.
func (s *source) request(method, target string, fields []string, content []byte, kind string) (*request, error) {
	to := &s.base.head.Target
	if strings.HasPrefix(target, "/") && !strings.HasPrefix(target, "//") {
		target = to.Scheme + "://" + to.Authority + target
	}
	r, err := newRequest(method, target, fields, content, kind)
	if wrong := new(paf.URLError); errors.As(err, &wrong) { // the place comes first, and not the name of the program
		err = exit.Errorf(exit.URL, "the URL %q: %w", wrong.URL, wrong.Err)
	}
	if err == nil {
		err = typed.SetFields(&r.head.Fields, s.fields)
	}
	if err == nil {
		err = r.sameServer(to)
	}
	return r, err
}
