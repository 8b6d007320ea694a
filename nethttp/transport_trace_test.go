package nethttp_test

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paf-go/paf/nethttp"
)

// traced returns a context whose trace notes the names of the hooks that are called.
func traced(ctx context.Context) (context.Context, func() []string) {
	var mu sync.Mutex
	var told []string
	note := func(name string) { mu.Lock(); told = append(told, name); mu.Unlock() }
	trace := &httptrace.ClientTrace{
		GetConn: func(string) { note("GetConn") },
		GotConn: func(i httptrace.GotConnInfo) {
			if i.Conn == nil || i.WasIdle && !i.Reused {
				note("GotConn, wrongly")
			} else if i.Reused {
				note("GotConn, reused")
			} else {
				note("GotConn")
			}
		},
		PutIdleConn: func(err error) {
			if err == nil {
				note("PutIdleConn")
			} else {
				note("PutIdleConn, not")
			}
		},
		GotFirstResponseByte: func() { note("GotFirstResponseByte") },
		Got100Continue:       func() { note("Got100Continue") },
		Got1xxResponse:       func(int, textproto.MIMEHeader) error { note("Got1xxResponse"); return nil },
		ConnectStart:         func(string, string) { note("ConnectStart") },
		ConnectDone:          func(string, string, error) { note("ConnectDone") },
		TLSHandshakeStart:    func() { note("TLSHandshakeStart") },
		TLSHandshakeDone: func(s tls.ConnectionState, err error) {
			if s.HandshakeComplete && err == nil {
				note("TLSHandshakeDone")
			}
		},
		WroteHeaderField: func(name string, _ []string) {
			if strings.EqualFold(name, "X-Field") {
				note("WroteHeaderField")
			}
		},
		WroteHeaders:    func() { note("WroteHeaders") },
		Wait100Continue: func() { note("Wait100Continue") },
		WroteRequest:    func(httptrace.WroteRequestInfo) { note("WroteRequest") },
	}
	return httptrace.WithClientTrace(ctx, trace), func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(told)
	}
}

func TestTransportTellsATraceWhatHappens(t *testing.T) {
	secure := secureServer(t, echo)
	clear := httptest.NewServer(http.HandlerFunc(echo))
	defer clear.Close()
	for url, opening := range map[string]string{
		clear.URL:  "ConnectStart ConnectDone",
		secure.URL: "ConnectStart ConnectDone TLSHandshakeStart TLSHandshakeDone",
	} {
		client := transport(t, &nethttp.Transport{TLSClientConfig: insecure, ExpectContinueTimeout: 1 << 40})
		back := " PutIdleConn"
		if url == secure.URL {
			back = "" // it is shared
		}
		for i, want := range []string{
			"GetConn " + opening + " GotConn WroteHeaderField WroteHeaders WroteRequest GotFirstResponseByte" + back,
			"GetConn GotConn, reused WroteHeaderField WroteHeaders Wait100Continue GotFirstResponseByte Got100Continue Got1xxResponse" + back + " WroteRequest",
		} {
			ctx, told := traced(t.Context())
			r, _ := http.NewRequestWithContext(ctx, "GET", url, nil)
			if i == 1 {
				r, _ = http.NewRequestWithContext(ctx, "POST", url, strings.NewReader("content"))
				r.Header.Set("Expect", "100-continue")
			}
			r.Header.Set("X-Field", "x")
			resp, err := client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
			if got := orderly(told, i == 1); got != want {
				t.Errorf("%s\n got %s\nwant %s", url, got, want)
			}
		}
	}
}

// orderly returns what has been told in order; a request with content may be said to be written after its response has come.
func orderly(told func() []string, content bool) string {
	const wrote = "WroteRequest"
	for start := time.Now(); !slices.Contains(told(), wrote) && time.Since(start) < 10*time.Second; {
		time.Sleep(time.Millisecond)
	}
	all := told()
	if i := slices.Index(all, wrote); content && i >= 0 {
		all = append(slices.Delete(all, i, i+1), wrote)
	}
	return strings.Join(all, " ")
}

// A hook that panics costs its own exchange, and no connection lies about for it.
func TestAHookThatPanicsLeavesNothingBehind(t *testing.T) {
	secure := secureServer(t, hello)
	clear := serveHandler(t, http.HandlerFunc(hello))
	boom := func() { panic("a hook's") }
	for name, trace := range map[string]*httptrace.ClientTrace{
		"GotConn":              {GotConn: func(httptrace.GotConnInfo) { boom() }},
		"WroteHeaderField":     {WroteHeaderField: func(string, []string) { boom() }},
		"WroteHeaders":         {WroteHeaders: boom},
		"WroteRequest":         {WroteRequest: func(httptrace.WroteRequestInfo) { boom() }},
		"GotFirstResponseByte": {GotFirstResponseByte: boom},
		"PutIdleConn":          {PutIdleConn: func(error) { boom() }},
	} {
		for _, url := range []string{clear.URL, secure.URL} {
			if name == "PutIdleConn" && url == secure.URL {
				continue // where it is not called
			}
			tr := &nethttp.Transport{TLSClientConfig: insecure}
			client := transport(t, tr)
			func() {
				defer func() {
					if v := recover(); v != "a hook's" {
						t.Errorf("%s: %v", name, v)
					}
				}()
				r, _ := http.NewRequestWithContext(httptrace.WithClientTrace(t.Context(), trace), "GET", url, nil)
				_, _ = client.Do(r)
			}()
			if n := tr.Stats().Active; n != 0 {
				t.Errorf("%s, %s: %d exchanges go on", name, url, n)
			}
			_ = fetched(t, client, url)
		}
	}
}
