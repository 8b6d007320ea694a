package paf_test

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/paf-go/paf"
)

// pieces writes a response of many kinds of readers, each of which ends before what was declared.
func pieces(t *testing.T) (*paf.Server, []byte) {
	content := bytes.Repeat([]byte("0123456789abcdef"), 64<<10)
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	const from, part = 100, 700 << 10
	want := bytes.Join([][]byte{content, []byte("between"), content[from : from+part], []byte("a reader"), []byte("end")}, nil)
	return handle(func(w *paf.ResponseWriter, r *paf.Request) {
		f, err := os.Open(path)
		if err != nil {
			t.Error(err)
			return
		}
		defer f.Close()
		w.Header().Set("Content-Length", strconv.Itoa(len(want)))
		read := func(r io.Reader, want int64) {
			if n, err := w.ReadFrom(r); n != want || err != nil {
				t.Errorf("%d bytes of %d, %v", n, want, err)
			}
		}
		read(f, int64(len(content)))
		io.WriteString(w, "between")
		_, _ = f.Seek(from, io.SeekStart)
		limited := &io.LimitedReader{R: f, N: part}
		read(limited, part)
		if limited.N != 0 {
			t.Errorf("%d bytes are left to a reader that was read", limited.N)
		}
		read(bytes.NewReader([]byte("a reader")), 8)
		io.WriteString(w, "end")
	}), want
}

func TestReadersMayEndBeforeWhatWasDeclared(t *testing.T) {
	h, want := pieces(t)
	addr := serve(t, h)
	for range 3 {
		resp, err := http.Get("http://" + addr)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%d bytes of %d, %v", len(got), len(want), err)
		}
	}
}

// failing gives some bytes and then its error.
type failing struct{ left int }

var errDisk = errors.New("the disk is gone")

func (r *failing) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, errDisk
	}
	n := min(len(p), r.left)
	r.left -= n
	return n, nil
}

func TestAReaderThatFailsLeavesTheResponseToTheHandler(t *testing.T) {
	addr := serve(t, handle(func(w *paf.ResponseWriter, r *paf.Request) {
		w.Header().Set("Content-Length", "100000")
		n, err := w.ReadFrom(&failing{left: 60000})
		if n != 60000 || !errors.Is(err, errDisk) {
			t.Errorf("%d bytes, %v", n, err)
		}
		if r.Path == "/mended" {
			_, _ = w.Write(make([]byte, 40000))
		}
	}))
	for path, whole := range map[string]bool{"/mended": true, "/broken": false} {
		resp, err := http.Get("http://" + addr + path)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if (err == nil && len(got) == 100000) != whole {
			t.Errorf("%s: %d bytes, %v", path, len(got), err)
		}
	}
}

// A bug is a reader that ends its goroutine after a while.
type bug struct {
	left int
	end  func()
}

func (r *bug) Read(p []byte) (int, error) {
	if r.left--; r.left < 0 {
		r.end()
	}
	return len(p), nil
}

// A reader that panics while the flow reads it costs its response, whether or not the handler goes on after that, and nothing more.
func TestAReaderThatPanicsCostsItsResponse(t *testing.T) {
	s := handle(func(w *paf.ResponseWriter, r *paf.Request) {
		reader := &bug{left: 2, end: func() { panic("a bug") }}
		switch r.Path {
		case "/whole":
			_, _ = io.WriteString(w, "whole")
			return
		case "/exit":
			reader.end = exit
		case "/recover":
			defer func() {
				_ = recover()
				_, err := w.Write(make([]byte, 1<<20-64<<10)) // all that would be left if nothing was lost on the way
				if err = errors.Join(err, w.Flush()); err == nil {
					t.Error("the response goes on, though nobody knows where it is")
				}
			}()
		}
		w.Header().Set("Content-Length", strconv.Itoa(1<<20))
		_, _ = w.ReadFrom(reader)
	})
	s.Log = slog.New(slog.DiscardHandler)
	addr := serve(t, s)
	for _, path := range []string{"/panic", "/exit", "/recover"} {
		if resp, err := http.Get("http://" + addr + path); err == nil {
			got, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if err == nil {
				t.Errorf("%s: %d bytes were taken for whole", path, len(got))
			}
		}
		resp, err := http.Get("http://" + addr + "/whole")
		if err != nil {
			t.Fatalf("after %s: %v", path, err)
		}
		if got, err := io.ReadAll(resp.Body); string(got) != "whole" || err != nil {
			t.Errorf("after %s: %q, %v", path, got, err)
		}
		resp.Body.Close()
	}
	if stats := s.Stats(); stats.Active != 0 {
		t.Errorf("something is left: %+v", stats)
	}
}
