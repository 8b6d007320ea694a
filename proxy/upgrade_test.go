package proxy_test

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/proxy"
)

// echo grants every Upgrade, proves that it has understood WebSocket's, and says what it hears.
func echo(w *paf.ResponseWriter, r *paf.Request) {
	if r.Upgrade() == "" {
		w.WriteHeader(426)
		return
	}
	if r.Protocol != paf.HTTP2 {
		sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
		w.Header().Set("Sec-WebSocket-Accept", base64.StdEncoding.EncodeToString(sum[:]))
	} else if r.Header.Has("Sec-WebSocket-Key") {
		w.WriteHeader(400)
		return
	}
	w.Header().Set("Sec-WebSocket-Protocol", r.Header.Get("Sec-WebSocket-Protocol"))
	tunnel, err := w.Tunnel()
	if err != nil {
		return
	}
	_, _ = io.Copy(tunnel, tunnel)
	_ = tunnel.Close()
}

func upgradeThrough(t testing.TB, at string, protocol paf.Protocol) (*paf.Response, error) {
	return upgradeBy(t, asker(t, protocol), at)
}

func upgradeBy(t testing.TB, c *paf.Client, at string) (*paf.Response, error) {
	r, err := paf.NewRequest("GET", "http://"+at+"/socket", nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.Protocol != paf.HTTP2 {
		r.Header.Add("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
	}
	r.Header.Add("Sec-WebSocket-Version", "13")
	r.Header.Add("Sec-WebSocket-Protocol", "chat")
	return c.Upgrade(t.Context(), r, "websocket")
}

func TestAWebSocketGoesThroughInWhateverVersion(t *testing.T) {
	eachWay(t, func(t *testing.T, protocol paf.Protocol, scheme string) {
		at := before(t, &proxy.Reverse{Upstreams: []*proxy.Upstream{{URL: scheme + "://" + serve(t, paf.HandlerFunc(echo))}}})
		resp, err := upgradeThrough(t, at, protocol)
		if err != nil {
			t.Fatal(err)
		}
		tunnel, err := resp.Tunnel()
		if err != nil {
			t.Fatal(resp.Status, err)
		}
		want := ""
		if protocol != paf.HTTP2 {
			want = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" // RFC 6455, Section 1.3
		}
		if got := resp.Header.Get("Sec-WebSocket-Accept"); got != want || resp.Header.Get("Sec-WebSocket-Protocol") != "chat" {
			t.Errorf("fields %v", resp.Header)
		}
		_, _ = io.WriteString(tunnel, "Is anybody there?")
		_ = tunnel.CloseWrite()
		if got, err := io.ReadAll(tunnel); string(got) != "Is anybody there?" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
		_ = tunnel.Close()
	})
}

// An upstream of HTTP/2 that does not know extended CONNECT is asked over HTTP/1.1.
func TestAWebSocketFindsTheVersionThatTakesIt(t *testing.T) {
	s := &paf.Server{Handler: paf.HandlerFunc(echo), Log: quiet()}
	at := before(t, &proxy.Reverse{Upstreams: []*proxy.Upstream{{URL: "h2c://" + serveWith(t, s)}}})
	for _, protocol := range []paf.Protocol{paf.HTTP11, paf.HTTP2} {
		resp, err := upgradeThrough(t, at, protocol)
		if err != nil {
			t.Fatal(err)
		}
		if tunnel, err := resp.Tunnel(); err != nil {
			t.Error(protocol, resp.Status, err)
		} else {
			_ = tunnel.Close()
		}
	}
}

func TestAnUpgradeToWhatIsNotKnownIsNotPassedOn(t *testing.T) {
	at := before(t, &proxy.Reverse{Upstreams: []*proxy.Upstream{{URL: "http://" + serve(t, paf.HandlerFunc(echo))}}})
	r, err := paf.NewRequest("GET", "http://"+at+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Add("HTTP2-Settings", "AAMAAABkAAQAoAAAAAIAAAAA")
	resp, err := asker(t, paf.HTTP11).Upgrade(t.Context(), r, "h2c")
	if err != nil {
		t.Fatal(err)
	}
	if read(t, resp); resp.Status != 426 {
		t.Errorf("status %d: the upstream has seen an Upgrade", resp.Status)
	}
}

func TestAnUpgradeThatIsDeclinedIsAnOrdinaryAnswer(t *testing.T) {
	eachWay(t, func(t *testing.T, protocol paf.Protocol, scheme string) {
		no := paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) {
			w.WriteHeader(403)
			_, _ = io.WriteString(w, "not you")
		})
		at := before(t, &proxy.Reverse{Upstreams: []*proxy.Upstream{{URL: scheme + "://" + serve(t, no)}}})
		resp, err := upgradeThrough(t, at, protocol)
		if err != nil {
			t.Fatal(err)
		}
		if got := read(t, resp); resp.Status != 403 || got != "not you" {
			t.Errorf("%d %q", resp.Status, got)
		}
	})
}

func TestATunnelIsBounded(t *testing.T) {
	for name, c := range map[string]struct {
		limits proxy.TunnelLimits
		feeds  bool
	}{
		"idle":  {proxy.TunnelLimits{Idle: 50 * time.Millisecond}, false},
		"time":  {proxy.TunnelLimits{Time: 50 * time.Millisecond}, true},
		"bytes": {proxy.TunnelLimits{Bytes: 1 << 20}, true},
	} {
		for _, protocol := range []paf.Protocol{paf.HTTP11, paf.HTTP2} {
			t.Run(name+" "+protocol.String(), func(t *testing.T) {
				at := before(t, &proxy.Reverse{Tunnels: c.limits, Upstreams: []*proxy.Upstream{{URL: "http://" + serve(t, paf.HandlerFunc(echo))}}})
				resp, err := upgradeThrough(t, at, protocol)
				if err != nil {
					t.Fatal(err)
				}
				tunnel, err := resp.Tunnel()
				if err != nil {
					t.Fatal(err)
				}
				defer tunnel.Close()
				written := make(chan error, 1)
				go func() {
					err := error(nil)
					for c.feeds && err == nil {
						_, err = tunnel.Write(make([]byte, 10_000))
					}
					written <- err
				}()
				_ = tunnel.SetReadDeadline(time.Now().Add(10 * time.Second))
				n, err := io.Copy(io.Discard, tunnel)
				err = errors.Join(err, <-written) // a kernel tells of a reset once
				if !errors.Is(err, paf.ErrPeerGone) && !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, syscall.EPIPE) {
					t.Errorf("%d bytes, %v: no reset", n, err)
				}
			})
		}
	}
}

// A tunnel in which something moves now and then is not idle, whichever way it goes and however small it is.
func TestATunnelThatDripsIsNotIdle(t *testing.T) {
	at := before(t, &proxy.Reverse{Tunnels: proxy.TunnelLimits{Idle: 200 * time.Millisecond}, Upstreams: []*proxy.Upstream{{URL: "http://" + serve(t, paf.HandlerFunc(echo))}}})
	resp, err := upgradeThrough(t, at, paf.HTTP11)
	if err != nil {
		t.Fatal(err)
	}
	tunnel, err := resp.Tunnel()
	if err != nil {
		t.Fatal(err)
	}
	defer tunnel.Close()
	for range 12 {
		time.Sleep(50 * time.Millisecond)
		if _, err := tunnel.Write([]byte{'x'}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(tunnel, make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
	}
}

// 10,000 tunnels leave neither a goroutine nor a descriptor.
func TestTunnelsLeaveNothing(t *testing.T) {
	n := 5000 // of each version
	if testing.Short() {
		n = 100
	}
	at := before(t, &proxy.Reverse{Upstreams: []*proxy.Upstream{{URL: "http://" + serve(t, paf.HandlerFunc(echo))}}})
	for _, protocol := range []paf.Protocol{paf.HTTP11, paf.HTTP2} {
		c, goroutines, files := asker(t, protocol), 0, 0
		for i := range n {
			resp, err := upgradeBy(t, c, at)
			if err != nil {
				t.Fatal(err)
			}
			tunnel, err := resp.Tunnel()
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.WriteString(tunnel, "hello")
			if _, err := io.ReadFull(tunnel, make([]byte, 5)); err != nil {
				t.Fatal(err)
			}
			_ = tunnel.Close()
			if i == 10 {
				goroutines, files = runtime.NumGoroutine(), descriptors()
			}
		}
		for end := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > goroutines+20 || descriptors() > files+20; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%v: %d goroutines, %d descriptors; %d and %d at the beginning", protocol, runtime.NumGoroutine(), descriptors(), goroutines, files)
			}
		}
	}
}

// descriptors counts those of this process, where that can be seen.
func descriptors() int {
	all, _ := os.ReadDir("/proc/self/fd")
	return len(all)
}

// What Bytes allows is moved to the last byte, and not one more.
func TestATunnelMovesNoMoreThanItsBytes(t *testing.T) {
	far, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	got := make(chan int64, 1)
	go func() {
		for {
			c, err := far.Accept()
			if err != nil {
				return
			}
			n, _ := io.Copy(io.Discard, c)
			_ = c.Close()
			got <- n
		}
	}()
	f := &proxy.Forward{Tunnels: proxy.TunnelLimits{Bytes: 1000}}
	f.Access.Private = true
	at := forward(t, f)
	for _, protocol := range []paf.Protocol{paf.HTTP11, paf.HTTP2} {
		for _, n := range []int{1000, 1001, 200_000} {
			r, err := paf.NewRequest("GET", "http://"+at+"/", nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := asker(t, protocol).Connect(t.Context(), r, far.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			tunnel, err := resp.Tunnel()
			if err != nil {
				t.Fatal(err)
			}
			_, _ = tunnel.Write(make([]byte, n))
			_ = tunnel.CloseWrite()
			_, err = io.Copy(io.Discard, tunnel)
			if moved := <-got; moved > 1000 || n == 1000 && (moved != 1000 || err != nil) || n > 1000 && err == nil {
				t.Errorf("%v: %d of %d bytes, %v", protocol, moved, n, err)
			}
			_ = tunnel.Close()
		}
	}
}

// A parted listener gives on the connections that begin as those of HTTP/2 do, and closes those of HTTP/1.
type parted struct{ net.Listener }

func (l parted) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		first := make([]byte, 1)
		if _, err := io.ReadFull(c, first); err == nil && first[0] == 'P' {
			return &begun{c, io.MultiReader(bytes.NewReader(first), c)}, nil
		}
		c.Close()
	}
}

type begun struct {
	net.Conn
	all io.Reader
}

func (b *begun) Read(p []byte) (int, error) { return b.all.Read(p) }

// That one upstream had to be asked over HTTP/1.1 says nothing of the next one.
func TestAWebSocketFindsTheVersionOfEachUpstream(t *testing.T) {
	over := func(ln net.Listener) net.Listener { return parted{ln} }
	bad := serveOver(t, &paf.Server{Handler: paf.HandlerFunc(echo), Log: quiet()}, over)
	well := serveOver(t, &paf.Server{Handler: paf.HandlerFunc(echo), ExtendedConnect: true, Log: quiet()}, over)
	at := before(t, &proxy.Reverse{Upstreams: []*proxy.Upstream{{URL: "h2c://" + bad, Weight: 1000}, {URL: "h2c://" + well}}})
	resp, err := upgradeThrough(t, at, paf.HTTP11) // by GET, which is idempotent: a CONNECT that was sent goes nowhere else
	if err != nil {
		t.Fatal(err)
	}
	tunnel, err := resp.Tunnel()
	if err != nil {
		t.Fatal(resp.Status, err)
	}
	_ = tunnel.Close()
}
