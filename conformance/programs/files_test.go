package programs

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// modified is when the files of the tests were.
var modified = time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC)

// folder makes files in a folder, by name, and returns it.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, modified, modified); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestFileServer asks net/http's FileServer for all that it knows: files, folders, redirects, and what is not there.
func TestFileServer(t *testing.T) {
	each(t, []version{h1, h1s, h2, h2c}, func(t *testing.T, w *world) {
		dir := folder(t, map[string]string{"a.txt": "hello, world", "index.html": "<h1>root</h1>", "sub/b.json": "{}", "sub/c d": "space", "empty": ""})
		url := w.serve(t, http.FileServer(http.Dir(dir)))
		rt := w.transport(t)

		a := ask(t, rt, "GET", url+"/a.txt", nil)
		a.is(t, 200, "hello, world")
		a.has(t, "Content-Type: text/plain; charset=utf-8", "Content-Length: 12", "Accept-Ranges: bytes", "Last-Modified: Thu, 01 Oct 2026 12:00:00 GMT")
		if a.ContentLength != 12 || a.Header.Get("Date") == "" {
			t.Errorf("length %d, date %q", a.ContentLength, a.Header.Get("Date"))
		}
		a = ask(t, rt, "HEAD", url+"/a.txt", nil)
		a.is(t, 200, "")
		a.has(t, "Content-Type: text/plain; charset=utf-8", "Content-Length: 12")

		ask(t, rt, "GET", url+"/", nil).is(t, 200, "<h1>root</h1>")
		ask(t, rt, "GET", url+"/empty", nil).is(t, 200, "")
		ask(t, rt, "GET", url+"/sub/c%20d", nil).is(t, 200, "space")
		a = ask(t, rt, "GET", url+"/sub/", nil)
		a.is(t, 200, "...")
		if !strings.Contains(a.content, `<a href="c%20d">c d</a>`) {
			t.Errorf("the folder is %q", a.content)
		}
		a = ask(t, rt, "GET", url+"/index.html", nil)
		a.is(t, 301, "")
		a.has(t, "Location: ./")
		a = ask(t, rt, "GET", url+"/sub?q=1", nil)
		a.is(t, 301, "")
		a.has(t, "Location: sub/?q=1")
		ask(t, rt, "GET", url+"/nothing", nil).is(t, 404, "404 page not found\n")
		ask(t, rt, "GET", url+"/sub/%2e%2e/a.txt", nil).is(t, 200, "hello, world")
	})
}

// TestFileServerRanges asks for parts of a file: one, several, the last, and none that is there.
func TestFileServerRanges(t *testing.T) {
	each(t, []version{h1, h2, h2c}, func(t *testing.T, w *world) {
		url := w.serve(t, http.FileServer(http.Dir(folder(t, map[string]string{"a": "0123456789"})))) + "/a"
		rt := w.transport(t)
		for _, c := range []struct {
			asked  string
			status int
			part   string
			fields string
		}{
			{"bytes=0-3", 206, "0123", "bytes 0-3/10"},
			{"bytes=8-", 206, "89", "bytes 8-9/10"},
			{"bytes=-3", 206, "789", "bytes 7-9/10"},
			{"bytes=5-100", 206, "56789", "bytes 5-9/10"},
			{"bytes=10-", 416, "...", "bytes */10"},
			{"bytes=x", 416, "...", ""},
		} {
			a := ask(t, rt, "GET", url, nil, "Range: "+c.asked)
			a.is(t, c.status, c.part)
			a.has(t, "Content-Range: "+c.fields)
			if c.status == 206 {
				a.has(t, fmt.Sprint("Content-Length: ", len(c.part)))
			}
			a = ask(t, rt, "HEAD", url, nil, "Range: "+c.asked)
			a.is(t, c.status, "")
		}
		a := ask(t, rt, "GET", url, nil, "Range: bytes=0-1,4-4,-2")
		a.is(t, 206, "...")
		kind, options, err := mime.ParseMediaType(a.Header.Get("Content-Type"))
		if err != nil || kind != "multipart/byteranges" {
			t.Fatalf("%q: %v", kind, err)
		}
		parts := multipart.NewReader(strings.NewReader(a.content), options["boundary"])
		for _, expected := range []string{"bytes 0-1/10 01", "bytes 4-4/10 4", "bytes 8-9/10 89"} {
			p, err := parts.NextPart()
			if err != nil {
				t.Fatal(err)
			}
			content, _ := io.ReadAll(p)
			if got := p.Header.Get("Content-Range") + " " + string(content); got != expected {
				t.Errorf("part %q, expected %q", got, expected)
			}
		}
	})
}

// TestFileServerConditions asks for a file if it has changed, or has not.
func TestFileServerConditions(t *testing.T) {
	each(t, []version{h1, h2, h2c}, func(t *testing.T, w *world) {
		files := http.FileServer(http.Dir(folder(t, map[string]string{"a": "0123456789"})))
		url := w.serve(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			rw.Header().Set("ETag", `"v1"`)
			files.ServeHTTP(rw, r)
		})) + "/a"
		rt := w.transport(t)
		then, before, after := modified.Format(http.TimeFormat), modified.Add(-time.Hour).Format(http.TimeFormat), modified.Add(time.Hour).Format(http.TimeFormat)
		for _, c := range []struct {
			field   string
			status  int
			content string
		}{
			{"If-None-Match: \"v1\"", 304, ""},
			{"If-None-Match: W/\"v1\", \"v2\"", 304, ""},
			{"If-None-Match: \"v2\"", 200, "0123456789"},
			{"If-Match: \"v1\"", 200, "0123456789"},
			{"If-Match: \"v2\"", 412, ""},
			{"If-Modified-Since: " + then, 304, ""},
			{"If-Modified-Since: " + before, 200, "0123456789"},
			{"If-Unmodified-Since: " + after, 200, "0123456789"},
			{"If-Unmodified-Since: " + before, 412, ""},
		} {
			a := ask(t, rt, "GET", url, nil, c.field)
			a.is(t, c.status, c.content)
			if a.has(t, `Etag: "v1"`); c.status == 304 {
				a.has(t, "Content-Type: ", "Content-Length: ")
			}
		}
		ask(t, rt, "GET", url, nil, "Range: bytes=2-3", `If-Range: "v1"`).is(t, 206, "23")
		ask(t, rt, "GET", url, nil, "Range: bytes=2-3", `If-Range: "v0"`).is(t, 200, "0123456789")
		ask(t, rt, "GET", url, nil, "Range: bytes=2-3", "If-Range: "+then).is(t, 206, "23")
	})
}

// TestFileServerSendsABigFile compares the digest of a file of 32 MiB, and of its middle: in clear on HTTP/1.1 the kernel sends it.
func TestFileServerSendsABigFile(t *testing.T) {
	const size = 32 << 20
	content := bytes.Repeat(noise(1<<20), size>>20)
	for i := 0; i < size; i += 1 << 20 {
		copy(content[i:], fmt.Sprintf("mark at %d", i)) // or a piece that comes twice would not be noticed
	}
	whole, _, _ := digest(bytes.NewReader(content))
	half, _, _ := digest(bytes.NewReader(content[size/4 : size*3/4]))
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "big"), content, 0o644); err != nil {
		t.Fatal(err)
	}
	each(t, []version{h1, h1s, h2}, func(t *testing.T, w *world) {
		url := w.serve(t, http.FileServer(http.Dir(dir))) + "/big"
		rt := w.transport(t)
		for _, c := range []struct{ asked, expected string }{{"", whole}, {fmt.Sprintf("bytes=%d-%d", size/4, size*3/4-1), half}} {
			r := request(t, "GET", url, nil)
			if c.asked != "" {
				r.Header.Set("Range", c.asked)
			}
			resp := send(t, rt, r)
			sum, n, err := digest(resp.Body)
			resp.Body.Close()
			if sum != c.expected || n != resp.ContentLength || err != nil {
				t.Errorf("%s: %d of %d bytes, digest %s, expected %s, %v", c.asked, n, resp.ContentLength, sum, c.expected, err)
			}
		}
	})
}

// TestFileServerServesManyAtOnce lets 20 clients fetch files of many sizes.
func TestFileServerServesManyAtOnce(t *testing.T) {
	files := map[string]string{}
	content := string(noise(1 << 20))
	for n := 1; n <= len(content); n *= 4 {
		files[fmt.Sprint(n)] = content[:n]
	}
	each(t, []version{h1, h2, h2c}, func(t *testing.T, w *world) {
		url := w.serve(t, http.FileServer(http.Dir(folder(t, files))))
		rt := w.transport(t)
		done := make(chan error)
		for range 20 {
			go func() { done <- fetchAll(t, rt, url, files) }()
		}
		for range 20 {
			if err := receive(t, done, "a client's end"); err != nil {
				t.Error(err)
			}
		}
	})
}

func fetchAll(t *testing.T, rt http.RoundTripper, url string, files map[string]string) error {
	for name, content := range files {
		resp, err := rt.RoundTrip(request(t, "GET", url+"/"+name, nil))
		if err != nil {
			return err
		}
		got, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || string(got) != content {
			return fmt.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
	return nil
}
