package proxy_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/proxy"
)

func TestAReportIsMadeOfEachRequest(t *testing.T) {
	type line struct {
		status  int
		written int64
		report  proxy.Report
	}
	lines := make(chan line, 1)
	note := func(w *paf.ResponseWriter, _ *paf.Request, r *proxy.Report) {
		lines <- line{w.Status(), w.Written(), *r}
	}
	well := "http://" + serveStd(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("well")) })
	cut := "http://" + breaking(t, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
	nobody := "http://" + refusing(t)
	for _, c := range []struct {
		upstreams       []*proxy.Upstream
		status          int
		written         int64
		upstream        string
		tries, failedAt int // the status of the Error, -1 for none
	}{
		{[]*proxy.Upstream{{URL: well}}, 200, 4, well, 1, -1},
		{[]*proxy.Upstream{{URL: nobody, Weight: 2}, {URL: well}}, 200, 4, well, 2, -1},
		{[]*proxy.Upstream{{URL: nobody}}, 502, 12, nobody, 1, 502},
		{[]*proxy.Upstream{{URL: cut}}, 200, 4, cut, 1, 0},
		{nil, 503, 20, "", 0, 503},
	} {
		at := before(t, &proxy.Reverse{Upstreams: c.upstreams, OnDone: note})
		if resp, err := asker(t, paf.HTTP11).Get(t.Context(), "http://"+at+"/"); err == nil {
			resp.Body.Close()
		}
		got := <-lines
		var e *proxy.Error
		if failed := errors.As(got.report.Err, &e); failed != (c.failedAt >= 0) || failed && e.Status != c.failedAt {
			t.Errorf("%v: %v", c, got.report.Err)
		}
		if r := got.report; got.status != c.status || got.written != c.written || r.Upstream != c.upstream || r.Tries != c.tries || r.Took <= 0 {
			t.Errorf("%+v: %+v", c, got)
		}
	}
	// A tunnel is one request, and has its bytes.
	far := serveStd(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("well")) })
	at := serve(t, &proxy.Forward{Access: proxy.Access{Private: true}, OnDone: note})
	r, err := paf.NewRequest("GET", "http://"+at, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := asker(t, paf.HTTP2).Connect(t.Context(), r, far)
	if err != nil {
		t.Fatal(err)
	}
	tunnel, err := resp.Tunnel()
	if err != nil {
		t.Fatal(err)
	}
	_, _ = tunnel.Write([]byte("nothing"))
	tunnel.Close()
	if got := <-lines; got.status != 200 || got.report.Upstream != far || got.report.Tunnelled < 7 {
		t.Errorf("a tunnel: %+v", got)
	}
}
