package programs

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"
)

// An answer is a response that was read to its end.
type answer struct {
	*http.Response
	content string
}

// ask sends a request, given with fields as "Name: value", and reads the response.
func ask(t testing.TB, rt http.RoundTripper, method, url string, content io.Reader, fields ...string) answer {
	t.Helper()
	return read(t, send(t, rt, request(t, method, url, content, fields...)))
}

func read(t testing.TB, resp *http.Response) answer {
	t.Helper()
	return answer{resp, readAll(t, resp.Body)}
}

func request(t testing.TB, method, url string, content io.Reader, fields ...string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, content)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range fields {
		name, value, _ := strings.Cut(f, ": ")
		r.Header.Add(name, value)
	}
	return r
}

func send(t testing.TB, rt http.RoundTripper, r *http.Request) *http.Response {
	t.Helper()
	resp, err := rt.RoundTrip(r)
	if err != nil {
		t.Fatalf("%s %s: %v", r.Method, r.URL, err)
	}
	return resp
}

func readAll(t testing.TB, body io.ReadCloser) string {
	t.Helper()
	defer body.Close()
	content, err := io.ReadAll(body)
	if err != nil {
		t.Fatalf("after %d bytes: %v", len(content), err)
	}
	return string(content)
}

// is tells how an answer differs from a status, and from a content unless that is "...".
func (a answer) is(t testing.TB, status int, content string) {
	t.Helper()
	if a.StatusCode != status || content != "..." && a.content != content {
		t.Errorf("%s %s: %d %.200q, expected %d %.200q", a.Request.Method, a.Request.URL.Path, a.StatusCode, a.content, status, content)
	}
}

// has tells which fields an answer lacks, given as "Name: value".
func (a answer) has(t testing.TB, fields ...string) {
	t.Helper()
	hasFields(t, a.Request.Method+" "+a.Request.URL.Path, a.Header, fields...)
}

func hasFields(t testing.TB, of string, h http.Header, fields ...string) {
	t.Helper()
	for _, f := range fields {
		name, value, _ := strings.Cut(f, ": ")
		if got := strings.Join(h.Values(name), ", "); got != value {
			t.Errorf("%s: %s is %q, expected %q", of, name, got, value)
		}
	}
}

// noise returns n bytes that look like nothing, the same each time.
func noise(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(b)
	return b
}

func digest(r io.Reader) (sum string, n int64, err error) {
	h := sha256.New()
	n, err = io.Copy(h, r)
	return hex.EncodeToString(h.Sum(nil)), n, err
}

// receive waits for what a test's other half has to tell.
func receive[T any](t testing.TB, from <-chan T, what string) (v T) {
	t.Helper()
	select {
	case v = <-from:
	case <-time.After(10 * time.Second):
		t.Fatalf("no sign of %s", what)
	}
	return v
}

// reads expects some bytes, and no more than them are waited for.
func reads(t testing.TB, r io.Reader, expected string) {
	t.Helper()
	got := make([]byte, len(expected))
	n, err := io.ReadFull(r, got)
	if string(got[:n]) != expected {
		t.Fatalf("read %q and %v, expected %q", got[:n], err, expected)
	}
}
