package nethttp_test

import (
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"github.com/paf-go/paf/nethttp"
)

// trickle gives a byte at a time.
type trickle struct{ io.Reader }

func (t trickle) Read(p []byte) (int, error) { return t.Reader.Read(p[:min(1, len(p))]) }

// Content may come byte by byte, as what is typed or counted does, on both sides and for as long as it likes.
func TestChunksMayBeSmall(t *testing.T) {
	const most = 20_000
	s := serveHandler(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		_ = control.EnableFullDuplex()
		buf := make([]byte, 1)
		for {
			n, err := r.Body.Read(buf)
			_, _ = w.Write(buf[:n])
			if err != nil {
				return
			}
			_ = control.Flush()
		}
	}))
	for _, rt := range []http.RoundTripper{&http.Transport{}, &nethttp.Transport{}} {
		resp, err := transportOf(t, rt).Post(s.URL, "text/plain", trickle{strings.NewReader(strings.Repeat("x", most))})
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, resp.Body)
		if n != most || err != nil {
			t.Errorf("%T: %d bytes, %v", rt, n, err)
		}
		_ = resp.Body.Close()
	}
}

func transportOf(t *testing.T, rt http.RoundTripper) *http.Client {
	c := &http.Client{Transport: rt, Timeout: 20 * time.Second}
	t.Cleanup(c.CloseIdleConnections)
	return c
}

// A server may send interim responses for as long as it takes.
func TestInterimResponsesMayBeMany(t *testing.T) {
	const most = 100
	clear := serveHandler(t, http.HandlerFunc(processing(most)))
	secure := secureServer(t, processing(most))
	for _, url := range []string{clear.URL, secure.URL} {
		told := 0
		ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{Got1xxResponse: func(int, textproto.MIMEHeader) error { told++; return nil }})
		for _, rt := range []http.RoundTripper{&http.Transport{TLSClientConfig: insecure, ForceAttemptHTTP2: true}, &nethttp.Transport{TLSClientConfig: insecure}} {
			told = 0
			r, _ := http.NewRequestWithContext(ctx, "GET", url, nil)
			resp, err := transportOf(t, rt).Do(r)
			if err != nil {
				t.Errorf("%T: after %d: %v", rt, told, err)
				continue
			}
			_ = resp.Body.Close()
			if told != most {
				t.Errorf("%T: told of %d", rt, told)
			}
		}
	}
}

// processing is a handler that says so many times that it is at work.
func processing(times int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for range times {
			w.WriteHeader(http.StatusProcessing)
		}
	}
}
