package proxy_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/proxy"
)

// refusing returns an address at which nobody listens, nor will: it is the near end of a connection.
func refusing(t testing.TB) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = c.Close(), ln.Close() })
	return c.LocalAddr().String()
}

// unused returns an address that can be listened on, again and again: where the machine has it one at which no connection of others begins.
func unused(t testing.TB) string {
	ln, err := net.Listen("tcp", "127.0.0.2:0")
	if err != nil {
		ln, err = net.Listen("tcp", "127.0.0.1:0")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// breaking returns the address of a server that reads a request and says nothing, or half of something.
func breaking(t testing.TB, says string) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			_, _ = c.Read(make([]byte, 4<<10))
			_, _ = io.WriteString(c, says)
			c.Close()
		}
	}()
	return ln.Addr().String()
}

func TestARequestThatWasNotTakenGoesToTheNextUpstream(t *testing.T) {
	var failures atomic.Int32
	well := serveStd(t, show)
	const either = 0 // 502 if some of the content had been read before the upstream broke off, else 200
	expected := int32(0)
	for _, c := range []struct {
		bad, method, content string
		want                 int
	}{
		{refusing(t), "GET", "", 200},
		{refusing(t), "POST", "content", 200},
		{breaking(t, ""), "GET", "", 200},
		{breaking(t, ""), "POST", "", 502}, // it may have been acted on
		{breaking(t, ""), "PUT", "content", either},
		{breaking(t, "HTTP/1.1 200 OK\r\nContent-Le"), "GET", "", 200},
	} {
		r := &proxy.Reverse{Upstreams: []*proxy.Upstream{{URL: "http://" + c.bad, Weight: 1000}, {URL: "http://" + well}}}
		r.OnError = func(*paf.Request, *proxy.Error) { failures.Add(1) }
		at := before(t, r)
		request, err := paf.NewRequest(c.method, "http://"+at+"/", strings.NewReader(c.content))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := asker(t, paf.HTTP11).Do(t.Context(), request)
		if err != nil {
			t.Fatal(err)
		}
		got := read(t, resp)
		if c.want == either && (resp.Status == 200 || resp.Status == 502) {
			c.want = resp.Status
		}
		if c.want == 502 {
			expected++
		}
		if resp.Status != c.want || c.want == 200 && resp.Header.Get("X-Content") != fmt.Sprint(len(c.content), " <nil>") {
			t.Errorf("%s of %q: %d %v %q", c.method, c.content, resp.Status, resp.Header, got)
		}
	}
	if failures.Load() != expected {
		t.Errorf("OnError was called %d times, not %d", failures.Load(), expected)
	}
}

func TestAResponseThatBreaksOffLooksSo(t *testing.T) {
	for _, says := range []string{"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"} {
		for _, protocol := range []paf.Protocol{paf.HTTP11, paf.HTTP2} {
			at := before(t, &proxy.Reverse{Upstreams: []*proxy.Upstream{{URL: "http://" + breaking(t, says)}}})
			resp, err := asker(t, protocol).Get(t.Context(), "http://"+at+"/")
			if err != nil {
				continue // cut off before the head was sent
			}
			if got, err := io.ReadAll(resp.Body); err == nil {
				t.Errorf("%v: %q came as if it were all", protocol, got)
			}
			resp.Body.Close()
		}
	}
}

func TestWhatTheClientIsToldOfFailures(t *testing.T) {
	slow := serveStd(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	client := &paf.Client{MaxRedirects: -1, Log: quiet()}
	client.Limits.ResponseTimeout = 50 * time.Millisecond
	defer client.Close()
	for _, c := range []struct {
		r    *proxy.Reverse
		want int
	}{
		{&proxy.Reverse{}, 503},
		{&proxy.Reverse{Upstreams: []*proxy.Upstream{{URL: "http://" + refusing(t)}}}, 502},
		{&proxy.Reverse{Client: client, Upstreams: []*proxy.Upstream{{URL: "http://" + slow}}}, 504},
		{&proxy.Reverse{Upstreams: []*proxy.Upstream{{URL: "http://" + breaking(t, "HTTP/1.1 999 No\r\nContent-Length: 0\r\n\r\n")}}}, 502},
		{&proxy.Reverse{Upstreams: []*proxy.Upstream{{URL: "http://" + breaking(t, "HTTP/1.1 101 No\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n")}}}, 502},
	} {
		var told *proxy.Error
		c.r.OnError = func(_ *paf.Request, err *proxy.Error) { told = err }
		resp, err := asker(t, paf.HTTP11).Get(t.Context(), "http://"+before(t, c.r)+"/")
		if err != nil {
			t.Fatal(err)
		}
		if got := read(t, resp); resp.Status != c.want || strings.Contains(got, "127.0.0.1") || told == nil || told.Status != c.want {
			t.Errorf("%v instead of %d: %q, %v", resp.Status, c.want, got, told)
		}
	}
}

func TestARequestThatGoesRoundIsStopped(t *testing.T) {
	one, two := &proxy.Reverse{}, &proxy.Reverse{}
	at := before(t, one)
	if err := two.Use([]*proxy.Upstream{{URL: "http://" + at}}); err != nil {
		t.Fatal(err)
	}
	if err := one.Use([]*proxy.Upstream{{URL: "http://" + before(t, two)}}); err != nil {
		t.Fatal(err)
	}
	resp, err := asker(t, paf.HTTP11).Get(t.Context(), "http://"+at+"/")
	if err != nil {
		t.Fatal(err)
	}
	if read(t, resp); resp.Status != 508 {
		t.Errorf("status %d", resp.Status)
	}
}

// Upstreams die and come back while clients ask: of requests that may be sent again none is lost.
func TestKillingUpstreamsLosesNothing(t *testing.T) {
	var ups [5]*upstream
	var list []*proxy.Upstream
	for i := range ups {
		ups[i] = &upstream{addr: unused(t)}
		ups[i].start(t)
		list = append(list, &proxy.Upstream{URL: "http://" + ups[i].addr})
	}
	at := before(t, &proxy.Reverse{Upstreams: list, Tries: len(list), Rest: 50 * time.Millisecond})
	stop := make(chan struct{})
	var wg sync.WaitGroup
	var asked atomic.Int64
	for range 16 {
		wg.Go(func() {
			c := asker(t, paf.HTTP11)
			for {
				select {
				case <-stop:
					return
				default:
				}
				resp, err := c.Get(t.Context(), "http://"+at+"/")
				if err != nil {
					t.Error(err)
					return
				}
				if got := read(t, resp); resp.Status != 200 || got != "well" {
					t.Errorf("%d %q", resp.Status, got)
					return
				}
				asked.Add(1)
			}
		})
	}
	for i := range 12 {
		u := ups[i%len(ups)]
		u.kill()
		time.Sleep(20 * time.Millisecond)
		u.start(t)
		time.Sleep(30 * time.Millisecond)
	}
	close(stop)
	wg.Wait()
	for _, u := range ups {
		u.kill()
	}
	if asked.Load() < 100 {
		t.Errorf("%d requests only", asked.Load())
	}
}

// An upstream can be killed, and started at the same address.
type upstream struct {
	addr   string
	server *paf.Server
	done   chan error
}

func (u *upstream) start(t testing.TB) {
	ln, err := net.Listen("tcp", u.addr)
	for end := time.Now().Add(5 * time.Second); err != nil && time.Now().Before(end); ln, err = net.Listen("tcp", u.addr) {
		time.Sleep(10 * time.Millisecond)
	}
	if err != nil {
		t.Fatal(err)
	}
	u.server, u.done = &paf.Server{Log: quiet(), Handler: paf.HandlerFunc(func(w *paf.ResponseWriter, _ *paf.Request) { _, _ = io.WriteString(w, "well") })}, make(chan error, 1)
	go func() { u.done <- u.server.Serve(context.Background(), ln) }()
}

func (u *upstream) kill() {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(errors.New("killed"))
	_ = u.server.Shutdown(ctx)
	<-u.done
}

// A Client that follows redirects would do what is the client's to decide: the proxy says so, and passes nothing on.
func TestAClientThatFollowsRedirectsIsRefused(t *testing.T) {
	to := serveStd(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/again", http.StatusFound) })
	for _, most := range []int{0, 5, -1} {
		c := &paf.Client{MaxRedirects: most, Log: quiet()}
		t.Cleanup(c.Close)
		var told []*proxy.Error
		tell := func(_ *paf.Request, err *proxy.Error) { told = append(told, err) }
		f := &proxy.Forward{Client: c, OnError: tell, Access: proxy.Access{Private: true}}
		back := before(t, &proxy.Reverse{Client: c, OnError: tell, Upstreams: []*proxy.Upstream{{URL: "http://" + to}}})
		ask := through(t, forward(t, f), nil, nil)
		ask.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		want := map[bool]int{true: 302, false: 500}[most < 0]
		if resp, err := ask.Get("http://" + to); err != nil || resp.StatusCode != want {
			t.Errorf("MaxRedirects %d, Forward: %v, %v", most, resp, err)
		}
		if resp, err := asker(t, paf.HTTP11).Get(t.Context(), "http://"+back); err != nil || resp.Status != want {
			t.Errorf("MaxRedirects %d, Reverse: %v, %v", most, resp, err)
		}
		for _, err := range told {
			if !errors.Is(err, proxy.ErrRedirects) {
				t.Error(err)
			}
		}
		if len(told) != map[bool]int{true: 0, false: 2}[most < 0] {
			t.Errorf("MaxRedirects %d: %v", most, told)
		}
	}
}
