package proxy_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/proxy"
)

// A scribe is a server that takes down what it is told, to the byte, and answers each piece that it gets, in whatever way.
type scribe struct {
	addr string
	mu   sync.Mutex
	got  []string
}

const okay = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

// taking starts a scribe. answer is told how many pieces have come on the connection before.
func taking(t testing.TB, answer func(n int, said string) string) *scribe {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	s := &scribe{addr: ln.Addr().String()}
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { c.Close() })
			go s.listen(c, answer)
		}
	}()
	return s
}

func (s *scribe) listen(c net.Conn, answer func(n int, said string) string) {
	for n, buf := 0, make([]byte, 64<<10); ; n++ {
		said := ""
		for whole := false; !whole; { // a head without content, or one and its chunks
			k, err := c.Read(buf)
			if err != nil {
				return
			}
			said += string(buf[:k])
			whole = strings.HasSuffix(said, "\r\n\r\n") && (!strings.Contains(said, "chunked\r\n") || strings.Contains(said, "\r\n0\r\n"))
		}
		s.mu.Lock()
		s.got = append(s.got, said)
		s.mu.Unlock()
		if _, err := io.WriteString(c, answer(n, said)); err != nil {
			return
		}
	}
}

func (s *scribe) all() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.got, "\n")
}

// say sends text and returns all that comes; the text asks for an end.
func say(t testing.TB, at, text string) string {
	t.Helper()
	c, err := net.Dial("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, _ = io.WriteString(c, text)
	_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
	got, err := io.ReadAll(c)
	if err != nil {
		t.Errorf("%q: %v", text, err)
	}
	return string(got)
}

// RFC 9110, Section 7.6.1: Connection speaks for trailers, too; and what a client says of itself is no better there.
func TestATrailerSectionIsNoWayRound(t *testing.T) {
	s := taking(t, func(int, string) string {
		return "HTTP/1.1 200 OK\r\nConnection: X-Hop\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Hop: 1\r\nX-End: 1\r\n\r\n"
	})
	ask := "POST / HTTP/1.1\r\nHost: a\r\nConnection: close, X-Hop\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX-Hop: 1\r\nX-Forwarded-For: 6.6.6.6\r\nForwarded: for=6.6.6.6\r\nX-End: 1\r\n\r\n"
	got := say(t, before(t, &proxy.Reverse{Upstreams: []*proxy.Upstream{{URL: "http://" + s.addr}}}), ask)
	for _, text := range []string{got, s.all()} {
		if strings.Contains(text, "X-Hop") || strings.Contains(text, "6.6.6.6") || !strings.Contains(text, "X-End: 1") {
			t.Errorf("%q", text)
		}
	}
}

func TestNobodySaysByHimselfWhatAProxyWouldTell(t *testing.T) {
	s := taking(t, func(int, string) string { return okay })
	ask := "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Forwarded-Port: 666\r\nX_Forwarded_For: 666\r\nX-Forwarded_Prefix: 666\r\nX-Forward: kept\r\n\r\n"
	say(t, before(t, &proxy.Reverse{Upstreams: []*proxy.Upstream{{URL: "http://" + s.addr}}}), ask)
	if got := s.all(); strings.Contains(got, "666") || !strings.Contains(got, "kept") {
		t.Errorf("%q", got)
	}
	say(t, before(t, &proxy.Reverse{TrustForwarded: true, Upstreams: []*proxy.Upstream{{URL: "http://" + s.addr}}}), ask)
	if got := s.all(); !strings.Contains(got, "X-Forwarded-Port: 666") {
		t.Errorf("a proxy is not believed: %q", got)
	}
}

// A request without a host cannot be sent on: no upstream has to rest for that.
func TestABadRequestIsNoFailureOfTheUpstream(t *testing.T) {
	a, b := taking(t, func(int, string) string { return okay }), taking(t, func(int, string) string { return okay })
	at := before(t, &proxy.Reverse{Rest: time.Hour, Upstreams: []*proxy.Upstream{{URL: "http://" + a.addr}, {URL: "http://" + b.addr + "/app"}}})
	for _, bad := range []string{"GET / HTTP/1.0\r\n\r\n", "GET /../x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"} {
		for range 3 {
			say(t, at, bad)
		}
	}
	for range 8 {
		say(t, at, "GET /fine HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
	}
	if one, two := strings.Count(a.all(), "/fine"), strings.Count(b.all(), "/fine"); one != 4 || two != 4 {
		t.Errorf("%d requests for one, %d for the other", one, two)
	}
}

func TestNobodyClimbsOutOfThePrefix(t *testing.T) {
	s := taking(t, func(int, string) string { return okay })
	at := before(t, &proxy.Reverse{Upstreams: []*proxy.Upstream{{URL: "http://" + s.addr + "/app"}}})
	for path, want := range map[string]string{"/../x": "", "/a/../../x": "", "/%2e%2E/x": "", "/..%2fx": "", "/..;a/x": "", "/a/%5c../%2e./x": "", "/.%2e": "",
		"/a/../x": "/app/a/../x", "/...": "/app/...", "/a%2e.b": "/app/a%2e.b"} {
		got := say(t, at, "GET "+path+" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
		if want == "" && !strings.HasPrefix(got, "HTTP/1.1 400 ") || want != "" && !strings.Contains(s.all(), "GET "+want+" HTTP") {
			t.Errorf("%s: %q", path, got)
		}
	}
	say(t, at, "OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
	if got := s.all(); strings.Contains(got, "GET /app/.. ") || !strings.Contains(got, "OPTIONS * HTTP/1.1") {
		t.Errorf("%q", got)
	}
}

// A connection that NTLM has made one user's own is not lent to another.
func TestAConnectionThatHasProvedAUserIsNotShared(t *testing.T) {
	for _, scheme := range []string{"NTLM", "Negotiate"} {
		s := taking(t, func(n int, said string) string {
			if n > 0 || strings.Contains(said, "\r\nAuthorization: "+scheme) {
				return okay
			}
			return "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: " + scheme + "\r\nContent-Length: 0\r\n\r\n"
		})
		f := &proxy.Forward{}
		f.Access.Private = true
		for at, target := range map[string]string{before(t, &proxy.Reverse{Upstreams: []*proxy.Upstream{{URL: "http://" + s.addr}}}): "/", forward(t, f): "http://" + s.addr + "/"} {
			one := say(t, at, "GET "+target+" HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: "+scheme+" YWJj\r\n\r\n")
			two := say(t, at, "GET "+target+" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
			if !strings.HasPrefix(one, "HTTP/1.1 200 ") || !strings.HasPrefix(two, "HTTP/1.1 401 ") {
				t.Errorf("%s %s: %q, then %q for somebody else", scheme, target, one, two)
			}
		}
	}
}

func TestAForwardDoesNotUseWhatAnotherMayOpen(t *testing.T) {
	s := taking(t, func(int, string) string { return okay })
	client := asker(t, paf.HTTP11)
	lax, strict := &proxy.Forward{Client: client}, &proxy.Forward{Client: client}
	lax.Access.Private = true
	ask := "GET http://" + s.addr + "/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
	one, two := say(t, forward(t, lax), ask), say(t, forward(t, strict), ask)
	if !strings.HasPrefix(one, "HTTP/1.1 200 ") || !strings.HasPrefix(two, "HTTP/1.1 403 ") {
		t.Errorf("%q, %q", one, two)
	}
}

// As many servers as a client names, so many connections would lie idle.
func TestIdleConnectionsOfAForwardAreBounded(t *testing.T) {
	s := &paf.Server{Log: quiet(), Handler: paf.HandlerFunc(func(*paf.ResponseWriter, *paf.Request) {})}
	_, port, _ := net.SplitHostPort(serveWith(t, s))
	f := &proxy.Forward{}
	f.Access.Private = true
	c, err := net.Dial("tcp", forward(t, f))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	said := bufio.NewReader(c)
	for i := range 1200 { // one address, written in as many ways
		zeros := func(by int) string { return strings.Repeat("0", 1+i/by%4) }
		fmt.Fprintf(c, "GET http://[%s:%s:%s:%s:%s:ffff:7f00:%s1]:%s/ HTTP/1.1\r\nHost: a\r\n\r\n", zeros(1), zeros(4), zeros(16), zeros(64), zeros(256), zeros(1024)[1:], port)
		resp, err := http.ReadResponse(said, nil)
		if err != nil || resp.StatusCode != 200 {
			t.Fatal(resp, err)
		}
	}
	if open := s.Stats().Conns; open > 1100 {
		t.Errorf("%d connections are open", open)
	}
}

func TestOnlyTheWholeNameInViaIsALoop(t *testing.T) {
	s := taking(t, func(int, string) string { return okay })
	at := before(t, &proxy.Reverse{Name: "edge", Upstreams: []*proxy.Upstream{{URL: "http://" + s.addr}}})
	for via, want := range map[string]string{"1.1 cdn-edge": "200", "1.1 edge": "508", "1.0 a, HTTP/1.1 edge (paf)": "508"} {
		if got := say(t, at, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nVia: "+via+"\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.1 "+want) {
			t.Errorf("%s: %q", via, got)
		}
	}
}

// The proof that an upstream speaks WebSocket is its own.
func TestAWebSocketIsNotVouchedForByTheProxy(t *testing.T) {
	s := taking(t, func(int, string) string {
		return "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: wrong\r\n\r\n"
	})
	at := before(t, &proxy.Reverse{Tunnels: proxy.TunnelLimits{Time: 100 * time.Millisecond}, Upstreams: []*proxy.Upstream{{URL: "http://" + s.addr}}})
	resp, err := upgradeThrough(t, at, paf.HTTP11)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if got := resp.Header.Get("Sec-WebSocket-Accept"); got != "wrong" {
		t.Errorf("the client was told %q", got)
	}
}

// RFC 9110, Section 7.8: "A server MAY ignore a received Upgrade header field": content is not lost for it.
func TestContentIsNotLostForAnUpgrade(t *testing.T) {
	at := before(t, &proxy.Reverse{Upstreams: []*proxy.Upstream{{URL: "http://" + serveStd(t, show)}}})
	got := say(t, at, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close, upgrade\r\nUpgrade: websocket\r\nContent-Length: 4\r\n\r\nmore")
	if !strings.Contains(got, "X-Content: 4 <nil>") {
		t.Errorf("%q", got)
	}
}

// The head of a response whose content is long in coming, as of server-sent events, is there before it.
func TestAHeadDoesNotWaitForContent(t *testing.T) {
	eachWay(t, func(t *testing.T, protocol paf.Protocol, scheme string) {
		slow := serveStd(t, func(w http.ResponseWriter, r *http.Request) {
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		})
		resp, err := asker(t, protocol).Get(t.Context(), "http://"+before(t, &proxy.Reverse{Upstreams: []*proxy.Upstream{{URL: scheme + "://" + slow}}})+"/")
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
	})
}

func TestAResetContentHasNone(t *testing.T) {
	for _, says := range []string{"Content-Length: 5\r\n\r\nhello", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "Content-Length: 0\r\n\r\n"} {
		s := taking(t, func(int, string) string { return "HTTP/1.1 205 Reset Content\r\n" + says })
		got := say(t, before(t, &proxy.Reverse{Upstreams: []*proxy.Upstream{{URL: "http://" + s.addr}}}), "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
		if !strings.HasPrefix(got, "HTTP/1.1 205 ") || strings.Contains(got, "hello") {
			t.Errorf("%q", got)
		}
	}
}

func TestTheSchemeOfAnUpstreamMayBeInUpperCase(t *testing.T) {
	std := serveStd(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Proto) })
	resp, err := asker(t, paf.HTTP11).Get(t.Context(), "http://"+before(t, &proxy.Reverse{Upstreams: []*proxy.Upstream{{URL: "H2C://" + std}}})+"/")
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, resp); got != "HTTP/2.0" {
		t.Error(got)
	}
}

func TestContentThatBreaksARuleIsAnsweredSo(t *testing.T) {
	std := serveStd(t, show)
	f := &proxy.Forward{Log: quiet()}
	f.Access.Private = true
	defer f.Close()
	for _, scheme := range []string{"http", "h2c"} {
		r := &proxy.Reverse{Log: quiet(), Upstreams: []*proxy.Upstream{{URL: scheme + "://" + std}}}
		defer r.Close()
		for target, h := range map[string]paf.Handler{"/": r, "http://" + std + "/": f} {
			s := &paf.Server{Handler: h, Log: quiet()}
			s.Limits.ContentBytes = 10
			at := serveWith(t, s)
			for chunks, want := range map[string]string{"ZZ\r\n": "400", "1\r\nx\r\nZZ\r\n": "400", "b\r\n12345678901\r\n0\r\n\r\n": "413"} {
				if got := say(t, at, "POST "+target+" HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"+chunks); !strings.HasPrefix(got, "HTTP/1.1 "+want) {
					t.Errorf("%s %s: %q: %q", scheme, target, chunks, got)
				}
			}
		}
	}
}

// An upstream of HTTP/2 alone need not rest because somebody has asked it for a WebSocket.
func TestAnUpgradeThatCannotBeIsNoFailureOfTheUpstream(t *testing.T) {
	two := serveWith(t, &paf.Server{Protocol: paf.HTTP2, Log: quiet(), Handler: paf.HandlerFunc(func(w *paf.ResponseWriter, _ *paf.Request) {})})
	one := taking(t, func(int, string) string { return okay })
	at := before(t, &proxy.Reverse{Rest: time.Hour, Upstreams: []*proxy.Upstream{{URL: "h2c://" + two}, {URL: "http://" + one.addr}}})
	for range 4 {
		say(t, at, "GET /socket HTTP/1.1\r\nHost: a\r\nConnection: upgrade, close\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
	}
	for range 8 {
		say(t, at, "GET /fine HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
	}
	if n := strings.Count(one.all(), "/fine"); n != 4 {
		t.Errorf("%d of 8 requests went past the upstream of HTTP/2", n)
	}
}

// An until has somebody stop as soon as something is written.
type until struct {
	io.Writer
	stop func()
}

func (u until) Write(p []byte) (int, error) {
	defer u.stop()
	return u.Writer.Write(p)
}

// Watch asks in nobody's name: a hook that does not expect that is the upstream's failure, and not the program's end.
func TestAHookThatPanicsInACheckFailsIt(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var log strings.Builder
	r := &proxy.Reverse{Log: slog.New(slog.NewTextHandler(until{&log, cancel}, nil)), Upstreams: []*proxy.Upstream{{URL: "http://" + refusing(t),
		Dial:    func(context.Context) (flow.Flow, error) { a, _ := net.Pipe(); return flow.Conn(a), nil },
		Preface: func(client, _ net.Addr) ([]byte, error) { return []byte(client.String()), nil }}}}
	r.Watch(ctx, proxy.Check{Interval: 10 * time.Millisecond})
	r.Close() // which waits for what was being opened, and may log
	if !strings.Contains(log.String(), "connect upstream: panic: ") {
		t.Error(log.String())
	}
}
