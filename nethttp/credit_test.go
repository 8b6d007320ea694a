package nethttp_test

import (
	"io"
	"net/http"
	"testing"
)

// Go's client gives credit for each 4 KiB that a program has read. One that reads late does so all at once, while the handler has nothing to send.
func TestAClientMayReadLate(t *testing.T) {
	const most = 3 << 20 // of what a client takes without being read from
	besides(t, func(t *testing.T, c *http.Transport, serve func(*http.Server) string) {
		taken, more := make(chan struct{}), make(chan struct{})
		url := serve(&http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/after" {
				return
			}
			_, _ = io.CopyN(w, endless{}, most)
			flush(w)
			close(taken)
			<-more
			_, _ = io.WriteString(w, "end")
		})})
		r, _ := http.NewRequestWithContext(t.Context(), "GET", url, nil)
		resp, err := c.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		if resp.ProtoMajor == 2 { // on HTTP/1 the kernel does not take so much
			<-taken
		}
		n, err := io.CopyN(io.Discard, resp.Body, most)
		after, _ := http.NewRequestWithContext(t.Context(), "GET", url+"/after", nil) // when that is answered the server has got all credit
		if resp, err := c.RoundTrip(after); err == nil {
			_ = resp.Body.Close()
		}
		close(more)
		rest, ending := io.ReadAll(resp.Body)
		if n != most || err != nil || string(rest) != "end" || ending != nil {
			t.Errorf("%d bytes, %v; %q, %v", n, err, rest, ending)
		}
	})
}
