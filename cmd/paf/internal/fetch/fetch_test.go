package fetch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/cmd/paf/internal/exit"
	"github.com/paf-go/paf/cmd/paf/internal/kit"
	"github.com/paf-go/paf/internal/testkit"
)

// script serves one connection after another: to each it writes the next of
// answers when the end of a head has come, and closes it. The requests are
// returned by the function.
func script(t *testing.T, answers ...string) (addr string, requests func() []string) {
	t.Helper()
	ln := testkit.Listen(t)
	var (
		mu  sync.Mutex
		got []string
	)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, answer := range answers {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			conn.SetDeadline(time.Now().Add(10 * time.Second))
			var head []byte
			for buf := make([]byte, 1); !bytes.HasSuffix(head, []byte("\r\n\r\n")); {
				if _, err := conn.Read(buf); err != nil {
					break
				}
				head = append(head, buf...)
			}
			mu.Lock()
			got = append(got, string(head))
			mu.Unlock()
			io.WriteString(conn, answer)
			conn.Close()
		}
	}()
	t.Cleanup(func() {
		ln.Close()
		<-done
	})
	return ln.Addr().String(), func() []string {
		mu.Lock()
		defer mu.Unlock()
		return got
	}
}

// run runs o with its streams in memory.
func run(t *testing.T, o Options) (stdout, stderr string, err error) {
	t.Helper()
	var out, errs bytes.Buffer
	o.Stdout, o.Stderr = &out, &errs
	if o.Stdin == nil {
		o.Stdin = strings.NewReader("")
	}
	if o.Timeout == 0 {
		o.Timeout = 20 * time.Second
	}
	err = Run(t.Context(), o)
	return out.String(), errs.String(), err
}

func TestFailuresAreToldApart(t *testing.T) {
	for claim, c := range map[string]struct {
		answer string
		o      Options
		want   exit.Code
	}{
		"a whole response":        {answer: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", want: exit.OK},
		"a status of 404":         {answer: "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", want: exit.OK},
		"404 with --fail":         {answer: "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", o: Options{Fail: true}, want: exit.Status},
		"no answer":               {answer: "", want: exit.Empty},
		"half a head":             {answer: "HTTP/1.1 200 OK\r\nContent-Le", want: exit.Receive},
		"no HTTP":                 {answer: "SSH-2.0-OpenSSH\r\n\r\n\r\n", want: exit.Protocol},
		"less than declared":      {answer: "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi", want: exit.Partial},
		"chunks without end":      {answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n", want: exit.Partial},
		"a chunk of nonsense":     {answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", want: exit.Protocol},
		"a redirect too much":     {answer: "HTTP/1.1 302 F\r\nLocation: /x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", o: Options{MaxRedirects: 1}, want: exit.Redirects},
		"redirects not followed":  {answer: "HTTP/1.1 302 F\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", o: Options{MaxRedirects: -1}, want: exit.OK},
		"no field":                {o: Options{Fields: []string{"x"}}, want: exit.Usage},
		"no name of a field":      {o: Options{Fields: []string{"a b: x"}}, want: exit.Usage},
		"no value of a field":     {o: Options{Fields: []string{"a: x\ny"}}, want: exit.Usage},
		"no URL":                  {o: Options{URL: "http://"}, want: exit.URL},
		"no scheme we know":       {o: Options{URL: "ftp://127.0.0.1/"}, want: exit.URL},
		"no method":               {o: Options{Method: "A B"}, want: exit.URL},
		"no such content":         {o: Options{Data: []string{"@/nonexistent"}}, want: exit.Read},
		"a directory for content": {o: Options{Data: []string{"@/"}}, want: exit.Read},
		"no such name":            {o: Options{URL: "http://no..such/"}, want: exit.Resolve},
		"no socket":               {o: Options{Unix: "/nonexistent"}, want: exit.Connect},
		"no directory for output": {answer: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", o: Options{Output: filepath.Join(t.TempDir(), "none", "x")}, want: exit.Write},
	} {
		t.Run(claim, func(t *testing.T) {
			addr, _ := script(t, c.answer, c.answer, c.answer)
			if c.o.URL == "" {
				c.o.URL = "http://" + addr + "/"
			}
			if _, _, err := run(t, c.o); exit.CodeOf(err) != c.want {
				t.Errorf("%d (%v), want %d", exit.CodeOf(err), err, c.want)
			}
		})
	}
}

func TestNobodyThereIsSaidSo(t *testing.T) {
	ln := testkit.Listen(t)
	ln.Close()
	if _, _, err := run(t, Options{URL: ln.Addr().String()}); exit.CodeOf(err) != exit.Connect {
		t.Errorf("%d %v", exit.CodeOf(err), err)
	}
}

func TestTimeAndSignalsEndIt(t *testing.T) {
	addr := kit.Serve(t, paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) {
		if r.Path == "/part" {
			w.Header().Set("Content-Length", "10")
			io.WriteString(w, "part")
			w.Flush()
		}
		<-r.Context().Done()
	}))
	for _, path := range []string{"/none", "/part"} {
		out, _, err := run(t, Options{URL: addr + path, Timeout: 100 * time.Millisecond})
		if exit.CodeOf(err) != exit.Timeout || !strings.Contains(err.Error(), "time is up after 100ms") {
			t.Errorf("%s: %d %v", path, exit.CodeOf(err), err)
		}
		if path == "/part" && (out != "part" || !strings.Contains(err.Error(), "4 of 10 bytes")) {
			t.Errorf("%q is left: %v", out, err)
		}
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(100*time.Millisecond, func() { cancel(exit.Errorf(130, "interrupted")) })
	err := Run(ctx, Options{URL: addr, Stdout: io.Discard, Stderr: io.Discard})
	if exit.CodeOf(err) != 130 {
		t.Errorf("%d %v", exit.CodeOf(err), err)
	}
}

func TestPartialOutputIsKept(t *testing.T) {
	addr, _ := script(t, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi")
	file := filepath.Join(t.TempDir(), "f")
	_, _, err := run(t, Options{URL: addr, Output: file})
	if exit.CodeOf(err) != exit.Partial || !strings.Contains(err.Error(), "2 of 9 bytes are in "+file) {
		t.Errorf("%d %v", exit.CodeOf(err), err)
	}
	if b, err := os.ReadFile(file); err != nil || string(b) != "hi" {
		t.Errorf("%q %v", b, err)
	}
}

func TestOutputIsNotTouchedWithoutAResponse(t *testing.T) {
	addr, _ := script(t, "", "HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\nno")
	file := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(file, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, _, err := run(t, Options{URL: addr, Output: file, Fail: true}); err == nil {
			t.Error("no failure")
		}
	}
	if b, err := os.ReadFile(file); err != nil || string(b) != "old" {
		t.Errorf("%q %v", b, err)
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("the disk is full") }

func TestOutputThatFailsIsSaidSo(t *testing.T) {
	addr, _ := script(t, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
	err := Run(t.Context(), Options{URL: addr, Stdout: failing{}, Stderr: io.Discard})
	if exit.CodeOf(err) != exit.Write || !strings.Contains(err.Error(), "the disk is full") {
		t.Errorf("%d %v", exit.CodeOf(err), err)
	}
}

func TestTraceShowsTheHeadsAsTheyAre(t *testing.T) {
	const answer = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 201 Well  Done\r\nX-mIxEd:  a \r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi"
	addr, requests := script(t, answer)
	out, trace, err := run(t, Options{URL: addr + "/p?q", Trace: true, Data: []string{"x=1"}, Fields: []string{"X-Mine: 1"}})
	if err != nil || out != "hi" {
		t.Fatalf("%q %v", out, err)
	}
	head := strings.TrimSuffix(requests()[0], "\r\n")
	sent := "> " + strings.ReplaceAll(strings.TrimSuffix(head, "\r\n"), "\r\n", "\n> ") + "\n> \n"
	const received = "< HTTP/1.1 103 Early Hints\n< Link: </a>\n< \n< HTTP/1.1 201 Well  Done\n< X-mIxEd:  a \n< Connection: close\n< Content-Length: 2\n< \n"
	if trace != sent+received {
		t.Errorf("%q, want %q", trace, sent+received)
	}
}

func TestTraceShowsEveryRequestOfAConnection(t *testing.T) {
	addr := kit.Serve(t, paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) {
		if r.Path == "/" {
			w.Header().Set("Location", "/next")
			w.WriteHeader(303)
		}
		io.WriteString(w, "> not a head\r\n\r\n")
	}))
	_, trace, err := run(t, Options{URL: addr, Trace: true, Data: []string{"a=b"}})
	if err != nil || strings.Count(trace, "> POST / HTTP/1.1\n") != 1 || strings.Count(trace, "> GET /next HTTP/1.1\n") != 1 ||
		strings.Count(trace, "< HTTP/1.1 ") != 2 || strings.Contains(trace, "not a head") {
		t.Errorf("%v\n%s", err, trace)
	}
}

func TestTraceEscapesWhatATerminalObeys(t *testing.T) {
	var b bytes.Buffer
	(&tapped{to: &b}).print("< ", []byte("A: \x1b[2J\tb\u009b2J\x9b\r\n\r\n"))
	if b.String() != "< A: \\x1b[2J\tb\\xc2\\x9b2J\\x9b\n< \n" {
		t.Errorf("%q", b.String())
	}
}

func TestHeadGoesBeforeTheContent(t *testing.T) {
	addr, _ := script(t, "HTTP/1.1 200 Fine\r\nX-A: 1\r\nContent-Length: 2\r\n\r\nhi")
	out, _, err := run(t, Options{URL: addr, Head: true})
	if want := "HTTP/1.1 200 Fine\r\nX-A: 1\r\nContent-Length: 2\r\n\r\nhi"; err != nil || out != want {
		t.Errorf("%q %v", out, err)
	}
}

// mirror answers with the method, some fields and the content of the request.
func mirror(w *paf.ResponseWriter, r *paf.Request) {
	body, _ := io.ReadAll(r.Body)
	fmt.Fprintf(w, "%s %d %q %q %q", r.Method, r.Length, r.Header.Get("Content-Type"), r.Header.Get("Accept"), body)
}

func TestContentIsSentAsAsked(t *testing.T) {
	addr := kit.Serve(t, paf.HandlerFunc(mirror))
	file := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(file, []byte("a\r\nb\x00"), 0o644); err != nil {
		t.Fatal(err)
	}
	const form = `"application/x-www-form-urlencoded" "*/*"`
	for claim, c := range map[string]struct {
		o    Options
		want string
	}{
		"nothing":           {Options{}, `GET 0 "" "*/*" ""`},
		"a method":          {Options{Method: "DELETE"}, `DELETE 0 "" "*/*" ""`},
		"a text":            {Options{Data: []string{"a=b"}}, `POST 3 ` + form + ` "a=b"`},
		"an empty text":     {Options{Data: []string{""}}, `POST 0 ` + form + ` ""`},
		"two texts":         {Options{Data: []string{"a=b", "c"}}, `POST 5 ` + form + ` "a=b&c"`},
		"another method":    {Options{Data: []string{"x"}, Method: "PUT"}, `PUT 1 ` + form + ` "x"`},
		"another type":      {Options{Data: []string{"x"}, Fields: []string{"content-type: a/b"}}, `POST 1 "a/b" "*/*" "x"`},
		"no type":           {Options{Data: []string{"x"}, Fields: []string{"Content-Type:"}}, `POST 1 "" "*/*" "x"`},
		"a file":            {Options{Data: []string{"@" + file}}, `POST 5 ` + form + ` "a\r\nb\x00"`},
		"a file and a text": {Options{Data: []string{"@" + file, "x"}}, `POST 7 ` + form + ` "a\r\nb\x00&x"`},
		"standard input":    {Options{Data: []string{"@-"}, Stdin: strings.NewReader("in")}, `POST -1 ` + form + ` "in"`},
		"JSON":              {Options{Data: []string{"{}"}, JSON: true}, `POST 2 "application/json" "application/json" "{}"`},
	} {
		c.o.URL = addr
		if out, _, err := run(t, c.o); err != nil || out != c.want {
			t.Errorf("%s: %s %v, want %s", claim, out, err, c.want)
		}
	}
}

func TestFieldsReplaceAndRepeat(t *testing.T) {
	addr := kit.Serve(t, paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) {
		fmt.Fprintf(w, "%q %q %q", r.Header.Values("User-Agent"), r.Header.Values("X-A"), r.Header.Values("Accept"))
	}))
	out, _, err := run(t, Options{URL: addr, Fields: []string{"x-a: 1, 2", "user-agent: me", "X-A:3", "Accept:"}})
	if want := `["me"] ["1, 2" "3"] []`; err != nil || out != want {
		t.Errorf("%s %v, want %s", out, err, want)
	}
}

func TestCredentialsStayWithTheirOrigin(t *testing.T) {
	show := paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) {
		if to := r.Query; to != "" {
			w.Header().Set("Location", to)
			w.WriteHeader(307)
			return
		}
		io.WriteString(w, r.Header.Get("Authorization"))
	})
	here, there := kit.Serve(t, show), kit.Serve(t, show)
	for to, want := range map[string]string{"": "Basic bWU6cEBzcw==", "/same": "Basic bWU6cEBzcw==", "http://" + there + "/": ""} {
		out, _, err := run(t, Options{URL: "http://me:p%40ss@" + here + "/?" + to})
		if err != nil || out != want {
			t.Errorf("redirected to %q: %q %v", to, out, err)
		}
	}
}

func TestRemoteNameStaysHere(t *testing.T) {
	for url, want := range map[string]string{
		"http://h/a/b.txt": "b.txt", "http://h/a%20b?q=/x": "a b", "http://h/": "", "http://h": "",
		"http://h/..": "", "http://h/%2e%2e": "", "http://h/a%2fb": "", "http://h/a/": "a",
		"h:80/a?u=http://x/y": "a", "h": "",
	} {
		if got, err := RemoteName(url); got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q %v, want %q", url, got, err, want)
		}
	}
}

func TestProgressShowsWhenItTakesLong(t *testing.T) {
	var to, screen bytes.Buffer
	quick := &meter{to: &to, screen: &screen, total: 10, begun: time.Now().Add(time.Hour)}
	io.WriteString(quick, "hello")
	quick.end()
	if screen.Len() > 0 || to.String() != "hello" || quick.done != 5 {
		t.Errorf("%q %q", screen.String(), to.String())
	}
	slow := &meter{to: io.Discard, screen: &screen, total: 10, begun: time.Now().Add(-time.Hour)}
	io.WriteString(slow, "hello")
	slow.end()
	if !strings.Contains(screen.String(), "50%") {
		t.Errorf("%q", screen.String())
	}
}
