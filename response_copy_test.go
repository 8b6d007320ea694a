package paf_test

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/paf-go/paf"
)

// brief is a writer that takes no more than so much.
type brief int

var errFull = errors.New("full")

func (b *brief) Write(p []byte) (int, error) {
	n := min(len(p), int(*b))
	*b -= brief(n)
	if n < len(p) {
		return n, errFull
	}
	return n, nil
}

// io.Copy gives what Read does: all of it and the trailer section, also when a part was read before, and the writer's error.
func TestContentIsCopiedAsItIsRead(t *testing.T) {
	server := func() *paf.Server {
		return handle(func(w *paf.ResponseWriter, r *paf.Request) {
			n := map[string]int{"/none": 0, "/small": 13, "/large": 300 << 10}[r.Path]
			w.Header().Set("Trailer", "x-sum")
			_, _ = w.Write(bytes.Repeat([]byte("a"), n))
			w.Trailer().Set("x-sum", "1")
		})
	}
	eachVersion(t, server, func(t *testing.T, s *paf.Server, c *paf.Client, stop func()) {
		for path, size := range map[string]int{"/none": 0, "/small": 13, "/large": 300 << 10} {
			for _, first := range []int{0, 5} {
				resp, err := c.Do(t.Context(), newRequest(t, "GET", "http://memory.test"+path, nil))
				if err != nil {
					t.Fatal(err)
				}
				read, _ := io.ReadFull(resp.Body, make([]byte, min(first, size)))
				n, err := io.Copy(io.Discard, resp.Body)
				if err != nil || int(n)+read != size {
					t.Errorf("%s: %d and %d bytes, %v", path, read, n, err)
				}
				if resp.Trailer != nil && resp.Trailer.Get("x-sum") != "1" || resp.Protocol == paf.HTTP2 && resp.Trailer == nil {
					t.Errorf("%s: trailer %v", path, resp.Trailer)
				}
				if err := resp.Body.Close(); err != nil {
					t.Error(err)
				}
			}
		}
		resp, err := c.Do(t.Context(), newRequest(t, "GET", "http://memory.test/small", nil))
		if err != nil {
			t.Fatal(err)
		}
		full := brief(5)
		if n, err := io.Copy(&full, resp.Body); n != 5 || err != errFull {
			t.Errorf("a writer that takes 5 bytes: %d, %v", n, err)
		}
		_ = resp.Body.Close()
		resp, err = c.Do(t.Context(), newRequest(t, "GET", "http://memory.test/small", nil))
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if n, err := io.Copy(io.Discard, resp.Body); n != 0 {
			t.Errorf("after Close: %d, %v", n, err)
		}
	})
}
