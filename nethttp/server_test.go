package nethttp_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/nethttp"
)

// Without a ReadTimeout a client may stop in the middle of its content for as long as it likes, as the streams of gRPC do; with one it may not.
func TestContentMayStandStillForTheReadTimeout(t *testing.T) {
	for _, test := range []struct {
		timeout, pause time.Duration
		status         int
	}{
		{0, time.Hour, 200},
		{time.Minute, 50 * time.Second, 200},
		{time.Minute, 2 * time.Minute, 408},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := nethttp.Server(&http.Server{ReadTimeout: test.timeout, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if _, err := io.ReadAll(r.Body); err != nil {
					w.WriteHeader(http.StatusRequestTimeout)
				}
			})})
			here, there := flow.Pipe(0)
			done := make(chan error, 1)
			go func() { done <- s.ServeFlow(t.Context(), there) }()
			fmt.Fprint(here, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\na")
			time.Sleep(test.pause)
			_, _ = here.Write([]byte("b")) // which fails if the server has given up
			resp, err := http.ReadResponse(bufio.NewReader(here), nil)
			if err != nil {
				t.Fatal(err)
			}
			if resp.StatusCode != test.status {
				t.Errorf("ReadTimeout %v, a pause of %v: %s", test.timeout, test.pause, resp.Status)
			}
			_ = here.Close()
			<-done
		})
	}
}
