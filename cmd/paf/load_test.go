package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paf-go/paf/cmd/paf/internal/exit"
	"github.com/paf-go/paf/cmd/paf/internal/load/record"
)

// loads runs paf load with arguments.
func loads(t *testing.T, args ...string) (code exit.Code, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(append([]string{"paf", "load", "-q"}, args...), strings.NewReader("typed"), &out, &errs)
	return code, out.String(), errs.String()
}

// failing starts a server that answers one of every n requests with 500.
func failing(t *testing.T, n int64) string {
	t.Helper()
	var seen atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if seen.Add(1)%n == 0 {
			w.WriteHeader(500)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestLoadFailsWhenARequestDoes(t *testing.T) {
	for _, c := range []struct {
		every int64
		args  string
		want  exit.Code
		says  string
	}{
		{1000, "", exit.OK, ""},
		{100, "", exit.Failure, "5 of 500 requests went wrong: 5 by a status of 400 or more, 0 without a response"},
		{100, "--max-errors 1%", exit.OK, ""},
		{100, "--max-errors 0.9%", exit.Failure, "5 of 500 requests went wrong, more than --max-errors 0.9%: 5 by"},
		{100, "--max-errors 5", exit.OK, ""},
		{100, "--max-errors 4", exit.Failure, "5 of 500 requests went wrong, more than --max-errors 4: 5 by"},
		{1000, "--max-p99 1ns", exit.Failure, "one in a hundred took"},
		{1000, "--max-p99 1m", exit.OK, ""},
	} {
		code, stdout, stderr := loads(t, append(strings.Fields(c.args), "-c", "5", "-n", "500", failing(t, c.every))...)
		if code != c.want || !strings.Contains(stderr, c.says) || c.says == "" && stderr != "" {
			t.Errorf("%s, one of %d fails: %d, %q", c.args, c.every, code, stderr)
		}
		if !strings.Contains(stdout, "500 answered") {
			t.Errorf("%s: no report: %q", c.args, stdout)
		}
	}
}

// TestSeveralRequestsAtOnceAskForTheirProtocol: -m is not taken for 1 by a server of HTTP/1.1, nor --pipeline by one of HTTP/2.
func TestSeveralRequestsAtOnceAskForTheirProtocol(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Proto) }))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	old := httptest.NewUnstartedServer(s.Config.Handler)
	old.Config.ErrorLog = s.Config.ErrorLog
	old.StartTLS()
	t.Cleanup(old.Close)
	for _, c := range []struct {
		args, url, says string
		code            exit.Code
	}{
		{"-m 3", s.URL, "HTTP/2, 2 connections, 3 streams on each", exit.OK},
		{"--pipeline 3", s.URL, "HTTP/1.1, 2 connections, 3 requests at a time on each", exit.OK},
		{"-m 3", old.URL, "offering h2: remote error: tls: no application protocol", exit.TLS},
		{"--pipeline 3", old.URL, "HTTP/1.1, 2 connections, 3 requests at a time on each", exit.OK},
	} {
		code, stdout, stderr := loads(t, append(strings.Fields(c.args), "-k", "-c", "2", "-n", "20", c.url)...)
		if code != c.code || !strings.Contains(stdout+stderr, c.says) {
			t.Errorf("%s %s: %d, %s%s", c.args, c.url, code, stdout, stderr)
		}
	}
}

// TestABoundIsNotKeptByFailing: those that are not answered are not fast.
func TestABoundIsNotKeptByFailing(t *testing.T) {
	for _, c := range []struct {
		every int64 // one of so many requests is never answered
		says  string
	}{{1, "nothing was answered, so nothing within --max-p99 100ms"}, {10, "one in a hundred took"}} {
		var seen atomic.Int64
		s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if seen.Add(1)%c.every == 0 {
				<-r.Context().Done()
			}
		}))
		code, _, stderr := loads(t, "-c", "5", "-n", "50", "--timeout", "150ms", "--max-errors", "100%", "--max-p99", "100ms", s.URL)
		s.Close()
		if code != exit.Failure || !strings.Contains(stderr, c.says) {
			t.Errorf("one of %d is not answered: %d, %q", c.every, code, stderr)
		}
	}
}

// TestOutputsAreTriedBeforeTheRun, and what they held is there until something takes its place.
func TestOutputsAreTriedBeforeTheRun(t *testing.T) {
	var seen atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { seen.Add(1) }))
	defer s.Close()
	dir := t.TempDir()
	old, fresh := filepath.Join(dir, "old"), filepath.Join(dir, "fresh")
	text := strings.Repeat("what an hour of load has measured\n", 10_000)
	if err := os.WriteFile(old, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	gone := httptest.NewServer(nil)
	gone.Close()
	for _, c := range []struct {
		code exit.Code
		args []string
	}{
		{exit.Write, []string{"--csv", filepath.Join(dir, "none", "run.csv"), s.URL}},
		{exit.Usage, []string{"-H", "nonsense", s.URL}},
		{exit.Usage, []string{"--hgrm", old, s.URL}},
		{exit.Usage, []string{"--hgrm", "", s.URL}},
		{exit.Connect, []string{gone.URL}},
	} {
		code, _, stderr := loads(t, append([]string{"-n", "1", "--html", fresh, "--json", old}, c.args...)...)
		if code != c.code || seen.Load() > 0 {
			t.Errorf("%q: %d after %d requests: %s", c.args, code, seen.Load(), stderr)
		}
		if got, err := os.ReadFile(old); err != nil || string(got) != text {
			t.Errorf("%q: %v: %d bytes are left of the old file", c.args, err, len(got))
		}
		if _, err := os.Stat(fresh); !os.IsNotExist(err) {
			t.Errorf("%q: there is a new file: %v", c.args, err)
		}
	}
	if code, _, stderr := loads(t, "-n", "1", "--html", fresh, "--json", old, "--csv", os.DevNull, s.URL); code != exit.OK {
		t.Error(stderr)
	}
	if r, err := record.ReadFile(old); err != nil || r.Answered() != 1 {
		t.Error(err)
	}
}

// TestAnInterruptedLoadIsReported: Ctrl-C prints what was measured so far.
func TestAnInterruptedLoadIsReported(t *testing.T) {
	var seen atomic.Int64
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		if seen.Add(1) == 100 {
			if err := self.Signal(os.Interrupt); err != nil {
				t.Error(err)
			}
		}
	}))
	defer s.Close()
	file := filepath.Join(t.TempDir(), "run.json")
	code, stdout, stderr := loads(t, "-c", "5", "-d", "10m", "--json", file, s.URL)
	if code != exit.Signal+2 || !strings.Contains(stdout, "Response time histogram") || !strings.Contains(stderr, "ended by a signal: interrupt") {
		t.Errorf("%d: %q, %q", code, stdout, stderr)
	}
	r, err := record.ReadFile(file)
	if err != nil || !r.Interrupted || r.Answered() < 90 {
		t.Errorf("%v: %+v", err, r)
	}
}

func TestAllOutputsTellTheSame(t *testing.T) {
	dir := t.TempDir()
	name := func(ext string) string { return filepath.Join(dir, "run."+ext) }
	code, _, stderr := loads(t, "-c", "3", "-n", "200", "--json", name("json"), "--csv", name("csv"), "--hgrm", name("hgrm"), "--html", name("html"), failing(t, 1000))
	if code != exit.OK {
		t.Fatal(stderr)
	}
	for ext, want := range map[string]string{"csv": "answered,failed", "hgrm": "Percentile", "html": "</html>", "json": `"format": "paf load run"`} {
		if text, err := os.ReadFile(name(ext)); err != nil || !strings.Contains(string(text), want) {
			t.Errorf("run.%s does not hold %q: %v", ext, want, err)
		}
	}
	code, stdout, stderr := loads(t, "-c", "3", "-n", "200", "--json", "-", failing(t, 1000))
	var r struct {
		Latency struct{ Count int }
	}
	if err := json.Unmarshal([]byte(stdout), &r); err != nil || code != exit.OK || r.Latency.Count != 200 || !strings.Contains(stderr, "200 answered") {
		t.Errorf("%d: %v: %.100q, %.100q", code, err, stdout, stderr)
	}
	if code, _, _ := loads(t, "-n", "1", "--json", filepath.Join(dir, "none", "run.json"), failing(t, 1000)); code != exit.Write {
		t.Errorf("a file that cannot be written: %d", code)
	}
	// Sums and comparisons of what was written.
	if code, _, stderr := loads(t, "--warmup", "1ms", "-c", "3", "-n", "200", "--json", name("again"), failing(t, 1000)); code != exit.OK {
		t.Fatal(stderr)
	}
	code, stdout, stderr = loads(t, "--merge", name("json"), name("again"), "--json", name("sum"))
	if sum, err := record.ReadFile(name("sum")); err != nil || code != exit.OK || sum.Answered() != 400 || sum.Processes != 2 || !strings.Contains(stdout, "400 answered") ||
		!strings.Contains(stdout, "--warmup 1ms | not set") || !strings.Contains(stdout, `not at the same time, "`+name("json")+`" ended `) ||
		!strings.Contains(stdout, ` before "`+name("again")+`" began`) {
		t.Errorf("%d: %v: %q %q", code, err, stdout, stderr)
	}
	if code, _, stderr := loads(t, "--merge", name("sum"), name("json")); code != exit.Failure || !strings.Contains(stderr, `run.json" are the same run, which counts once`) {
		t.Errorf("%d: %q", code, stderr)
	}
	if code, stdout, _ := loads(t, "--compare", name("json"), name("json"), "--html", name("compared")); code != exit.OK || stdout == "" {
		t.Errorf("%d: %q", code, stdout)
	}
	if code, _, stderr := loads(t, "--merge", name("csv")); code != exit.Read || !strings.Contains(stderr, "not a run of paf load") {
		t.Errorf("%d: %q", code, stderr)
	}
}

// TestWhatIsSentIsWhatWasAskedFor, by the flags and by files of requests.
func TestWhatIsSentIsWhatWasAskedFor(t *testing.T) {
	var mu sync.Mutex
	var got []string
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		got = append(got, fmt.Sprintf("%s %s %s%s %q", r.Method, r.RequestURI, r.Header.Get("x-a"), r.Header.Get("Content-Type"), body))
	}))
	defer s.Close()
	dir := t.TempDir()
	write := func(name, text string) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	write("body", "from a file")
	lines := write("lines", "# a comment\n\n/one?x=y\nPOST /two a=b c\n"+s.URL+"/three @body\nDELETE /four\n")
	har := write("har", `{"log": {"entries": [
		{"request": {"method": "GET", "url": "`+s.URL+`/h?q=%20", "headers": [{"name": ":method", "value": "GET"}, {"name": "x-a", "value": "1"}, {"name": "Connection", "value": "close"}]}},
		{"request": {"method": "GET", "url": "https://example.org/elsewhere", "headers": []}},
		{"request": {"method": "POST", "url": "`+s.URL+`/form", "postData": {"mimeType": "x", "params": [{"name": "a", "value": "b c"}]}}},
		{"request": {"method": "PUT", "url": "`+s.URL+`/put", "postData": {"text": "aGVsbG8=", "encoding": "base64"}}}]}}`)
	for _, c := range []struct {
		args []string
		want []string
	}{
		{[]string{s.URL + "/?a=b"}, []string{`GET /?a=b  ""`}},
		{[]string{"-X", "PUT", "--data", "a", "--data", "@" + filepath.Join(dir, "body"), "-H", "x-a: 5", "-H", "content-type: t/t", s.URL}, []string{`PUT / 5t/t "a&from a file"`}},
		{[]string{"--data", "a", s.URL}, []string{`POST / application/x-www-form-urlencoded "a"`}},
		{[]string{"--data", "a", "-H", "Content-Type:", s.URL}, []string{`POST /  "a"`}},
		{[]string{"--data", "@-", "-H", "Content-Type:", s.URL}, []string{`POST /  "typed"`}},
		{[]string{"--from", lines, s.URL}, []string{`GET /one?x=y  ""`, `POST /two application/x-www-form-urlencoded "a=b c"`,
			`POST /three application/x-www-form-urlencoded "from a file"`, `DELETE /four  ""`}},
		{[]string{"--from", lines, "-H", "content-type: t/t", s.URL}, []string{`GET /one?x=y t/t ""`, `POST /two t/t "a=b c"`}},
		{[]string{"--from", har, "-H", "x-a: 2", s.URL}, []string{`GET /h?q=%20 2 ""`, `POST /form 2 "a=b+c"`, `PUT /put 2 "hello"`}},
	} {
		mu.Lock()
		got = nil
		mu.Unlock()
		args := append([]string{"-c", "1", "-n", strconv.Itoa(len(c.want))}, c.args...)
		code, _, stderr := loads(t, args...)
		mu.Lock()
		if code != exit.OK || strings.Join(got, "\n") != strings.Join(c.want, "\n") {
			t.Errorf("%q: %d, %s\n%q\nwant\n%q", c.args, code, stderr, got, c.want)
		}
		mu.Unlock()
	}
}

func TestRunsOfSeveralProcessesBeginTogether(t *testing.T) {
	at := time.Now().Add(300 * time.Millisecond).Truncate(time.Millisecond)
	url := failing(t, 1<<40)
	dir := t.TempDir()
	var all sync.WaitGroup
	for i := range 2 {
		all.Go(func() {
			var errs bytes.Buffer
			args := []string{"paf", "load", "-q", "-n", "10", "-c", "2", "--start-at", at.Format(time.RFC3339Nano), "--json", filepath.Join(dir, strconv.Itoa(i)), url}
			if code := run(args, strings.NewReader(""), io.Discard, &errs); code != exit.OK {
				t.Errorf("%d: %s", code, errs.String())
			}
		})
	}
	all.Wait()
	for i := range 2 {
		r, err := record.ReadFile(filepath.Join(dir, strconv.Itoa(i)))
		if err != nil || r.Start.Before(at) {
			t.Errorf("%v: it began at %v, not at %v", err, r.Start, at)
		}
	}
}
