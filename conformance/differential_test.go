package conformance

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/h1"
	"github.com/paf-go/paf/semantics"
)

// A message is what a reader has made of the bytes of a request or a response.
type message struct {
	start   string // method and target, or status
	fields  []string
	body    string
	trailer []string
	close   bool
}

func (m message) String() string {
	return fmt.Sprintf("%s | %q | close %t | %q | %q", m.start, m.fields, m.close, m.body, m.trailer)
}

// differences are the ways in which net/http may read differently what paf accepts. Each
// takes the difference out of both readings.
var differences = []struct {
	why  string
	mend func(raw []byte, paf, std *message)
}{
	{
		"net/http takes Host out of the fields, and overrides it by an absolute target's authority; paf leaves the field as it came",
		func(_ []byte, paf, std *message) {
			drop(&paf.fields, "host: ")
		},
	},
	{
		"net/http takes Transfer-Encoding out of the fields, Content-Length stays; Connection says close in Request.Close and stays too",
		func(_ []byte, paf, std *message) {
			drop(&paf.fields, "transfer-encoding: ")
		},
	},
	{
		"net/http takes Trailer out of the fields: it is descriptive only (RFC 9110, 6.6.2)",
		func(_ []byte, paf, std *message) {
			drop(&paf.fields, "trailer: ")
			drop(&std.fields, "trailer: ") // it keeps an empty one
		},
	},
	{
		"net/http adds Cache-Control: no-cache where Pragma: no-cache stands alone, for HTTP/1.0's sake; RFC 9111, 5.4 deprecates Pragma",
		func(_ []byte, paf, std *message) {
			if slices.Contains(paf.fields, "pragma: no-cache") {
				drop(&paf.fields, "cache-control: ")
				drop(&std.fields, "cache-control: ")
			}
		},
	},
}

// drop deletes the fields that begin with a name.
func drop(fields *[]string, name string) {
	*fields = slices.DeleteFunc(*fields, func(f string) bool { return strings.HasPrefix(f, name) })
}

// refusedByStd says why net/http may refuse what paf accepts.
var refusedByStd = []struct {
	why   string
	cause string // in net/http's error
}{
	{"net/url wants a target whose escapes are whole also in the query; RFC 3986 wants it too, but clients send queries as typed, and nothing is framed or routed by one", "invalid URL escape"},
	{"net/url refuses some characters in host names that RFC 3986's reg-name allows", "invalid character"},
	{"net/url refuses a port in an absolute target that RFC 3986 allows to be empty or odd", "invalid port"},
	{"net/url refuses a first path segment with a colon, which an origin-form path never is", "first path segment in URL cannot contain colon"},
	{"net/http wants Trailer, if it is there, to name no framing field; it is descriptive only", "bad trailer key"},
	{"net/url cannot parse the target", "invalid URI for request"},
}

// readPaf reads a request by paf's engine: nil if it refuses it, or has not got all of it.
func readPaf(raw []byte) *message {
	eng := h1.NewServer(engine.Limits{}, 1)
	var m *message
	return drive(eng, raw, func(ev *engine.Event) *message {
		r := ev.Request
		m = &message{start: r.Method + " " + r.Target.Raw, fields: lines(&r.Fields)}
		m.close = !persists(r)
		return m
	})
}

func persists(r *semantics.Request) bool {
	if semantics.HasToken(&r.Fields, "Connection", "close") {
		return false
	}
	return r.Protocol >= semantics.HTTP11 || semantics.HasToken(&r.Fields, "Connection", "keep-alive")
}

// drive shows raw, and its end, to an engine until its first message is complete.
func drive(eng engine.Engine, raw []byte, begin func(*engine.Event) *message) *message {
	var m *message
	var body []byte
	ended := false
	for {
		var ev engine.Event
		n := eng.Next(2, raw, &ev)
		raw = raw[n:]
		switch ev.Kind {
		case engine.NoEvent:
			if ended {
				return nil
			}
			ended = true
			eng.EOF(2, true)
		case engine.Request, engine.Response:
			m = begin(&ev)
			if ev.End {
				return m
			}
		case engine.Data:
			body = append(body, ev.Data...)
		case engine.End:
			m.body = string(body)
			if ev.Trailer != nil {
				m.trailer = lines(ev.Trailer)
			}
			return m
		case engine.Fault:
			return nil
		}
	}
}

// lines returns the fields as "name: value", names in lower case, sorted by name; the order of
// equal names is kept.
func lines(f *semantics.Fields) (all []string) {
	for name, value := range f.All() {
		all = append(all, strings.ToLower(name)+": "+value)
	}
	return byName(all)
}

func headerLines(h http.Header) (all []string) {
	for name, values := range h {
		for _, v := range values {
			all = append(all, strings.ToLower(name)+": "+v)
		}
	}
	return byName(all)
}

func byName(all []string) []string {
	name := func(s string) string { return s[:strings.Index(s, ": ")] }
	sort.SliceStable(all, func(i, j int) bool { return name(all[i]) < name(all[j]) })
	return all
}

// readStd reads a request by net/http.
func readStd(raw []byte) (*message, error) {
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(raw)))
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	return &message{r.Method + " " + r.RequestURI, headerLines(r.Header), string(body), headerLines(r.Trailer), r.Close}, nil
}

// FuzzRequestsAsNetHTTPReadsThem: whatever request paf accepts, net/http reads in the same way, but
// for the differences that are listed, and argued, above.
func FuzzRequestsAsNetHTTPReadsThem(f *testing.F) {
	for _, seed := range []string{
		"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"POST /a%20b?c=d&e HTTP/1.1\r\nHost: x:80\r\nContent-Length: 5\r\n\r\nhello",
		"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n5;a=b\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n",
		"GET http://a.example/x HTTP/1.1\r\nHost: b.example\r\n\r\n",
		"OPTIONS * HTTP/1.0\r\nConnection: keep-alive\r\nPragma: no-cache\r\n\r\n",
		"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\nX: \t y \t\r\nX:\r\n\r\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) { compareRequests(t, raw) })
}

// compareRequests reports whether both have read a request.
func compareRequests(t *testing.T, raw []byte) bool {
	paf := readPaf(raw)
	if paf == nil {
		return false
	}
	raw = bytes.TrimPrefix(raw, []byte("\r\n")) // net/http skips none
	std, err := readStd(raw)
	if err != nil {
		for _, r := range refusedByStd {
			if strings.Contains(err.Error(), r.cause) {
				return false
			}
		}
		t.Errorf("paf accepts %q, net/http does not: %v", raw, err)
		return false
	}
	for _, d := range differences {
		d.mend(raw, paf, std)
	}
	if paf.String() != std.String() {
		t.Errorf("%q\npaf reads  %v\nnet/http   %v", raw, paf, std)
	}
	return true
}

func TestProbesReadAsNetHTTPReadsThem(t *testing.T) {
	rows := readProbes(t, vectors(t, "http11probe.tsv"))
	both := 0
	for _, row := range rows {
		if compareRequests(t, []byte(strings.Join(row.steps, ""))) {
			both++
		}
	}
	t.Logf("%d of %d probes are read by both, and alike", both, len(rows))
	if both < 60 {
		t.Errorf("only %d of %d probes were compared", both, len(rows))
	}
	for _, d := range differences {
		t.Logf("difference: %s", d.why)
	}
	for _, r := range refusedByStd {
		t.Logf("accepted by paf, refused by net/http: %s", r.why)
	}
}

// FuzzResponsesAsNetHTTPReadsThem is the same for responses to GET.
func FuzzResponsesAsNetHTTPReadsThem(f *testing.F) {
	for _, seed := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
		"HTTP/1.0 404 Not Found\r\n\r\nto the end",
		"HTTP/1.1 204 No Content\r\n\r\n",
		"HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX: y\r\n\r\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		eng := h1.NewClient(engine.Limits{}, 1)
		var out engine.Output
		request := &semantics.Request{Method: "GET", Target: semantics.Target{Authority: "x", Path: "/"}}
		id, err := eng.Request(&out, request, 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := eng.End(&out, id, nil); err != nil {
			t.Fatal(err)
		}
		paf := drive(eng, raw, func(ev *engine.Event) *message {
			r := ev.Response
			return &message{start: fmt.Sprint(r.Status), fields: lines(&r.Fields)}
		})
		if paf == nil || strings.HasPrefix(paf.start, "1") || bytes.HasPrefix(raw, []byte("HTTP/1.1 1")) || bytes.HasPrefix(raw, []byte("HTTP/1.0 1")) {
			return // net/http's ReadResponse leaves interim responses to its caller
		}
		resp, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(raw)), nil)
		if err != nil {
			if strings.Contains(err.Error(), "bad trailer key") {
				return
			}
			t.Fatalf("paf accepts %q, net/http does not: %v", raw, err)
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatalf("paf accepts %q, net/http does not: %v", raw, err)
		}
		std := &message{fmt.Sprint(resp.StatusCode), headerLines(resp.Header), string(body), headerLines(resp.Trailer), false}
		for _, d := range differences[1:] {
			d.mend(raw, paf, std)
		}
		if paf.String() != std.String() {
			t.Errorf("%q\npaf reads  %v\nnet/http   %v", raw, paf, std)
		}
	})
}
