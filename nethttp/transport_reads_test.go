package nethttp_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paf-go/paf/nethttp"
)

// What net/http promises nowhere, and programs count on: where HTTP/1 knows the length, the last bytes come with io.EOF.
func TestTheEndComesWithTheLastBytes(t *testing.T) {
	const length = 5000
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "5000")
		_, _ = io.WriteString(w, strings.Repeat("x", length))
	}))
	defer s.Close()
	rt := &nethttp.Transport{}
	defer rt.Close()
	for _, lib := range []http.RoundTripper{&http.Transport{}, rt} {
		c := &http.Client{Transport: lib}
		for _, size := range []int{1, 1000, 4999, 5000, 5001} {
			resp, err := c.Get(s.URL)
			if err != nil {
				t.Fatal(err)
			}
			buf, n := make([]byte, size), 0
			for err == nil {
				var some int
				some, err = resp.Body.Read(buf)
				n += some
				if (err == io.EOF) != (n == length) {
					t.Fatalf("%T by %d: after %d bytes %v", lib, size, n, err)
				}
			}
			if some, err := resp.Body.Read(buf); some != 0 || err != io.EOF {
				t.Errorf("%T by %d: after the end %d, %v", lib, size, some, err)
			}
			resp.Body.Close()
		}
		c.CloseIdleConnections()
	}
	if stats := rt.Stats(); stats.Opened != 1 {
		t.Errorf("%d connections", stats.Opened)
	}
}

// A request may ask for chunks although its length is known.
func TestChunksCanBeAskedFor(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		content, _ := io.ReadAll(r.Body)
		if len(r.TransferEncoding) != 1 || r.ContentLength != -1 || string(content) != "content" {
			t.Errorf("%v, length %d: %q", r.TransferEncoding, r.ContentLength, content)
		}
	}))
	defer s.Close()
	rt := &nethttp.Transport{}
	defer rt.Close()
	for _, lib := range []http.RoundTripper{&http.Transport{}, rt} {
		r, err := http.NewRequest("POST", s.URL, strings.NewReader("content"))
		if err != nil {
			t.Fatal(err)
		}
		r.TransferEncoding = []string{"chunked"}
		resp, err := lib.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
}

// Without an ExpectContinueTimeout content is sent at once, to a server that says nothing before it has come.
func TestContentThatIsNotWaitedForIsSentAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := &nethttp.Transport{Dial: func(string, string) (net.Conn, error) {
			here, there := net.Pipe()
			go func() {
				defer there.Close()
				r, err := http.ReadRequest(bufio.NewReader(there))
				if err != nil {
					t.Error(err)
					return
				}
				content, err := io.ReadAll(r.Body)
				if string(content) != "content" || r.Header.Get("Expect") != "100-continue" {
					t.Errorf("%q, %v, %v", content, err, r.Header)
				}
				_, _ = io.WriteString(there, "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
			}()
			return here, nil
		}}
		defer rt.Close()
		r, err := http.NewRequest("POST", "http://a.test/", strings.NewReader("content"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Expect", "100-continue")
		begun := time.Now()
		resp, err := rt.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if took := time.Since(begun); took > time.Millisecond {
			t.Errorf("it took %v", took)
		}
	})
}
