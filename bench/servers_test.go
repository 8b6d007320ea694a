package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// testSize is the size of a body in tests, a multiple of nothing.
const testSize = 1<<20 + 4711

// lacking skips a test, or fails it where everything has to be there.
func lacking(t *testing.T, tools ...string) {
	t.Helper()
	for _, tool := range tools {
		if _, err := find(tool); err == nil {
			continue
		}
		if os.Getenv("CI") != "" {
			t.Fatalf("%s is missing: run conformance/install.sh", tool)
		}
		t.Skipf("SKIPPED: %s is not installed (conformance/install.sh brings it): nothing was tested", tool)
	}
}

func TestEveryServerAnswersTheSame(t *testing.T) {
	for _, c := range contestants {
		for _, w := range []work{{needs: "h1"}, {needs: "h1 tls"}, {needs: "h2"}, {needs: "h2 tls"}} {
			if len(takePart(w, c.name)) == 0 {
				continue
			}
			t.Run(c.name+" "+w.needs, func(t *testing.T) {
				t.Parallel()
				if c.command != nil {
					lacking(t, c.name)
				}
				p, err := startServer(c, measuredCore, w.job())
				if err != nil {
					t.Fatal(err)
				}
				defer p.stop()
				asks(t, c, w.job(), p.addr)
			})
		}
	}
}

// asks makes each kind of request that works make.
func asks(t *testing.T, c contestant, j job, addr string) {
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, Protocols: &http.Protocols{}}
	defer transport.CloseIdleConnections()
	transport.Protocols.SetHTTP1(!j.H2)
	transport.Protocols.SetHTTP2(j.H2)
	transport.Protocols.SetUnencryptedHTTP2(j.H2)
	ask := func(method, path string, length int, body io.Reader) (string, *http.Response) {
		r, err := http.NewRequest(method, url(j, addr, path), body)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := transport.RoundTrip(r)
		if err != nil {
			t.Fatalf("%s %s: %v", method, path, err)
		}
		defer resp.Body.Close()
		content, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != 200 || len(content) != length || resp.ProtoMajor == 2 != j.H2 || resp.Header.Get("Date") == "" {
			t.Errorf("%s %s: %s %s %v with %d bytes of %d, %v", method, path, resp.Proto, resp.Status, resp.Header, len(content), length, err)
		}
		return string(content), resp
	}
	content, resp := ask("GET", pathHello, len(hello), nil)
	if content != hello || c.command == nil && (resp.ContentLength != 13 || resp.Header.Get("Content-Type") != "text/plain") {
		t.Errorf("%q with %v", content, resp.Header)
	}
	if strings.Contains(c.can, "body") {
		ask("GET", pathBig, testSize, nil)
		content, _ := ask("POST", pathSink, len(hello), bytes.NewReader(make([]byte, testSize)))
		if content != hello {
			t.Errorf("the upload was answered with %q", content)
		}
	}
	if strings.Contains(c.can, "toil") {
		ask("GET", pathToil, len(hello), nil)
	}
	if strings.Contains(c.can, "wait") {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		wait, _ := http.NewRequestWithContext(ctx, "GET", url(j, addr, pathWait), nil)
		if _, err := transport.RoundTrip(wait); ctx.Err() == nil {
			t.Errorf("%s was answered: %v", pathWait, err)
		}
		hold, _ := http.NewRequestWithContext(t.Context(), "GET", url(j, addr, pathHold), nil)
		resp, err := transport.RoundTrip(hold)
		if err != nil || resp.StatusCode != 200 {
			t.Fatalf("%s: %v %v", pathHold, resp, err)
		}
		resp.Body.Close()
	}
}
