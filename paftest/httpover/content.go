package httpover

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"

	"github.com/paf-go/paf"
)

// content returns n bytes that seed determines.
func content(n int64, seed uint64) io.Reader { return io.LimitReader(noise(seed), n) }

func noise(seed uint64) io.Reader {
	return rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8), byte(seed >> 16)})
}

// same reads r to its end and returns an error unless it had just n bytes that seed determines.
func same(r io.Reader, n int64, seed uint64) error {
	want, got, wanted := noise(seed), make([]byte, 32<<10), make([]byte, 32<<10)
	var sum int64
	for {
		m, err := r.Read(got)
		_, _ = io.ReadFull(want, wanted[:m])
		if !bytes.Equal(got[:m], wanted[:m]) {
			return fmt.Errorf("between bytes %d and %d something else arrived than was sent", sum, sum+int64(m))
		}
		sum += int64(m)
		switch {
		case err == io.EOF && sum == n:
			return nil
		case err != nil:
			return fmt.Errorf("after %d of %d bytes: %w", sum, n, err)
		case sum > n:
			return fmt.Errorf("%d bytes, want %d", sum, n)
		}
	}
}

// request makes a request for the place.
func (p *place) request(method, path string, body io.Reader) *paf.Request {
	p.Helper()
	r, err := paf.NewRequest(method, p.url(path), body)
	if err != nil {
		p.Fatal(err)
	}
	return r
}

// do sends a request that must be answered. The case's end is its context's.
func (p *place) do(c *paf.Client, r *paf.Request) *paf.Response {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.Context(), patience)
	p.Cleanup(cancel)
	resp, err := c.Do(ctx, r)
	if err != nil {
		p.Fatalf("%s %s: %v", r.Method, r.Path, err)
	}
	if resp.Protocol != p.protocol {
		p.Errorf("%s %s was answered in %v", r.Method, r.Path, resp.Protocol)
	}
	return resp
}

// get sends a GET request and returns the content of the answer, whose status must be 200.
func (p *place) get(c *paf.Client, path string) string {
	p.Helper()
	resp := p.do(c, p.request("GET", path, nil))
	text := p.text(resp)
	if resp.Status != 200 {
		p.Fatalf("GET %s: %d %q", path, resp.Status, text)
	}
	return text
}

// text reads a response to its end.
func (p *place) text(resp *paf.Response) string {
	p.Helper()
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		p.Fatalf("%s %s: %d, after %d bytes: %v", resp.Request.Method, resp.Request.Path, resp.Status, len(text), err)
	}
	return string(text)
}

// fails sends a request and returns why no whole response came.
func (p *place) fails(ctx context.Context, c *paf.Client, r *paf.Request) error {
	p.Helper()
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errPatience)
	defer cancel()
	resp, err := c.Do(ctx, r)
	if err == nil {
		var n int64
		n, err = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		if err == nil {
			p.Fatalf("%s %s was answered with %d and %d bytes", r.Method, r.Path, resp.Status, n)
		}
	}
	if errors.Is(err, errPatience) {
		p.Fatalf("%s %s: waited in vain for it to fail", r.Method, r.Path)
	}
	return err
}

var errPatience = errors.New("httpover: nothing has happened for too long")

// echo sends back what it gets: content, with its length if it was declared, trailers, and in fields what the head said.
func echo(w *paf.ResponseWriter, r *paf.Request) {
	h := w.Header()
	h.Set("X-Method", r.Method)
	h.Set("X-Target", r.Target.Path+"?"+r.Target.Query)
	h.Set("X-Length", fmt.Sprint(r.Length))
	if r.Length >= 0 {
		h.Set("Content-Length", fmt.Sprint(r.Length))
	}
	if _, err := io.Copy(w, r.Body); err != nil {
		panic(paf.ErrAbort)
	}
	if r.Trailer != nil {
		for name, value := range r.Trailer.All() {
			w.Trailer().Add(name, value)
		}
	}
}

// unsized hides the length of content.
type unsized struct{ io.Reader }

// say answers with a text.
func say(text string) paf.HandlerFunc {
	return func(w *paf.ResponseWriter, _ *paf.Request) { _, _ = io.WriteString(w, text) }
}

// endless is content that never ends.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

var block = strings.Repeat("0123456789abcdef", 4<<10) // 64 KiB
