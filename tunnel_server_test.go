package paf_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/internal/testkit"
	"github.com/paf-go/paf/paftest"
)

// echoTunnel sends back what a tunnel brings, until its end, in the handler.
func echoTunnel(w *paf.ResponseWriter, _ *paf.Request) {
	tunnel, err := w.Tunnel()
	if err != nil {
		w.WriteHeader(400)
		_, _ = io.WriteString(w, err.Error())
		return
	}
	defer tunnel.Close()
	_, _ = io.Copy(tunnel, tunnel)
}

// replying has requests answered by another handler.
func replying(f paf.HandlerFunc) func(*digger) { return func(d *digger) { d.server.Handler = f } }

// all reads to the end of a peer's input.
func (p *rawPeer) all() string {
	p.t.Helper()
	rest, err := io.ReadAll(p.in)
	if err != nil {
		p.t.Errorf("after %q: %v", rest, err)
	}
	return string(rest)
}

// What has come with the request is the first that the tunnel brings, however much that is, and what follows is never HTTP.
func TestATunnelBeginsWithWhatHasComeAlready(t *testing.T) {
	for _, size := range []int{0, 1, 3000, 100_000} {
		for request, head := range map[string]string{
			"CONNECT far.test:443 HTTP/1.1\r\nHost: far.test\r\n\r\n":                                 "HTTP/1.1 200 OK\r\n",
			"CONNECT far.test:443 HTTP/1.0\r\n\r\n":                                                   "HTTP/1.1 200 OK\r\n",
			"GET / HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: Echo/2\r\n\r\n": "HTTP/1.1 101 Switching Protocols\r\n",
		} {
			virtually(t, handle(echoTunnel), func(t *testing.T, s *paftest.Server) {
				early := strings.Repeat("GET / HTTP/1.1\r\n\r\n", size/18+1)[:size]
				p := newPeer(t, s)
				go func() {
					_ = p.send(request + early + "late")
					_ = p.Flow.(interface{ CloseWrite() error }).CloseWrite()
				}()
				got := p.all()
				start, rest, _ := strings.Cut(got, "\r\n\r\n")
				if !strings.HasPrefix(start, head) || rest != early+"late" {
					t.Errorf("%d bytes: got %q and %d bytes", size, start, len(rest))
				}
				for _, name := range []string{"content-length", "transfer-encoding"} {
					if strings.Contains(strings.ToLower(start), name) {
						t.Errorf("a tunnel has %s: %q", name, start)
					}
				}
				if strings.Contains(head, "101") && (!strings.Contains(start, "\r\nUpgrade: Echo/2\r\n") || !strings.HasSuffix(start, "\r\nConnection: Upgrade")) {
					t.Errorf("got %q", start)
				}
			})
		}
	}
}

// Who has asked for no tunnel gets none, and the request is answered as any other.
func TestNoTunnelWithoutARequestForOne(t *testing.T) {
	for name, request := range map[string]string{
		"GET":                        "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"an offer that is not named": "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: echo\r\n\r\n",
		"an offer of HTTP/1.0":       "GET / HTTP/1.0\r\nConnection: keep-alive, Upgrade\r\nUpgrade: echo\r\n\r\n",
		"content not read":           "POST / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\nContent-Length: 2\r\n\r\nhi",
	} {
		virtually(t, handle(func(w *paf.ResponseWriter, r *paf.Request) {
			if _, err := w.Tunnel(); err != paf.ErrNoTunnel {
				t.Errorf("%s: %v", name, err)
			}
			_, _ = io.WriteString(w, "none")
		}), func(t *testing.T, s *paftest.Server) {
			p := newPeer(t, s)
			for range 2 {
				_ = p.send(request)
				if got := p.answer(); got != "200 none" {
					t.Errorf("%s: got %s", name, got)
				}
			}
		})
	}
}

func TestAnUpgradeWaitsForTheContentOfItsRequest(t *testing.T) {
	virtually(t, handle(func(w *paf.ResponseWriter, r *paf.Request) {
		content, _ := io.ReadAll(r.Body)
		tunnel, err := w.Tunnel()
		if err != nil {
			t.Error(err)
			return
		}
		fmt.Fprintf(tunnel, "%s of %s", content, r.Upgrade())
		_ = tunnel.Close()
	}), func(t *testing.T, s *paftest.Server) {
		p := newPeer(t, s)
		_ = p.send("POST / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\nContent-Length: 2\r\n\r\nhi")
		if _, rest, _ := strings.Cut(p.all(), "\r\n\r\n"); rest != "hi of echo" {
			t.Errorf("got %q", rest)
		}
	})
}

// After Tunnel nothing else can be done with the exchange, and that is no news for the log.
func TestAfterTunnelTheExchangeIsTaken(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			ln, dial := grounds["pipe"](t)
			log := &testkit.Record{}
			given := make(chan *paf.Tunnel, 1)
			d := dig(t, k, ln, dial, func(d *digger) {
				d.given = given
				d.server.Log = slog.New(slog.NewTextHandler(log, nil))
			}, replying(func(w *paf.ResponseWriter, r *paf.Request) {
				w.Header().Set("Content-Length", "7")
				w.Header().Set("X-Own", "kept")
				tunnel, err := w.Tunnel()
				if err != nil {
					t.Error(err)
				}
				given <- tunnel
				_, again := w.Tunnel()
				_, write := w.Write([]byte("x"))
				_, read := io.ReadFull(r.Body, make([]byte, 1))
				_, _, hijack := w.Hijack()
				if k.protocol == paf.HTTP11 {
					read = paf.ErrTaken // there is no Body
				}
				for i, err := range []error{again, write, read, w.Flush(), hijack} {
					if !errors.Is(err, paf.ErrTaken) {
						t.Errorf("%d: %v", i, err)
					}
				}
			}))
			client, server := d.open(t)
			_ = client.Close()
			if _, err := io.Copy(io.Discard, server); err != nil {
				t.Error(err)
			}
			_ = server.Close()
			if log.String() != "" {
				t.Errorf("logged %s", log)
			}
		})
	}
}

// A response that cannot grant the tunnel leaves the request to be answered otherwise.
func TestATunnelThatIsGrantedWronglyMayStillBeRefused(t *testing.T) {
	for _, k := range kinds {
		for name, prepare := range map[string]func(w *paf.ResponseWriter){
			"another status":     func(w *paf.ResponseWriter) { w.WriteHeader(403) },
			"a field that lies":  func(w *paf.ResponseWriter) { w.Header().Set("X", "a\r\nb") },
			"content beforehand": func(w *paf.ResponseWriter) { w.WriteHeader(403); _, _ = io.WriteString(w, "no") },
		} {
			t.Run(k.name+" "+name, func(t *testing.T) {
				ln, dial := grounds["pipe"](t)
				d := dig(t, k, ln, dial, replying(func(w *paf.ResponseWriter, r *paf.Request) {
					prepare(w)
					var misuse *engine.Error
					if _, err := w.Tunnel(); !errors.As(err, &misuse) || misuse.Blame != engine.Caller {
						t.Errorf("Tunnel: %v", err)
					}
					if w.Header().Del("X"); w.Status() != 403 {
						w.WriteHeader(403)
					}
				}))
				resp, err := k.ask(t.Context(), d.client)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := resp.Tunnel(); resp.Status != 403 || err != paf.ErrNoTunnel {
					t.Errorf("%d, %v", resp.Status, err)
				}
				content, err := io.ReadAll(resp.Body)
				if want := map[bool]string{true: "no"}[name == "content beforehand"]; string(content) != want || err != nil {
					t.Errorf("%q, %v", content, err)
				}
			})
		}
	}
}

// A handler that panics, or ends its goroutine, cannot have meant the end of its tunnel: the peer is told.
func TestAPanicResetsTheTunnel(t *testing.T) {
	for _, k := range kinds {
		for name, end := range map[string]func(){"panic": func() { panic("at the handler") }, "ErrAbort": func() { panic(paf.ErrAbort) }, "Goexit": runtime.Goexit} {
			if name == "Goexit" && k.protocol == paf.HTTP11 {
				continue // that ends the connection, as it does with any exchange
			}
			t.Run(k.name+" "+name, func(t *testing.T) {
				ln, dial := grounds["tcp"](t)
				given := make(chan *paf.Tunnel, 1)
				d := dig(t, k, ln, dial, func(d *digger) { d.given = given }, replying(func(w *paf.ResponseWriter, r *paf.Request) {
					tunnel, _ := w.Tunnel()
					given <- tunnel
					_, _ = io.ReadFull(tunnel, make([]byte, 1))
					end()
				}))
				client, server := d.open(t)
				_, _ = client.Write([]byte("x"))
				if n, err := client.Read(make([]byte, 1)); n != 0 || err == nil || err == io.EOF {
					t.Errorf("the client reads %d bytes, %v", n, err)
				}
				if _, err := server.Write([]byte("x")); err == nil || server.Context().Err() == nil {
					t.Errorf("the server writes: %v", err)
				}
				_ = client.Close()
			})
		}
	}
}

// A tunnel on HTTP/2 is one stream beside others, and none of them waits for it.
func TestTunnelsOfHTTP2HoldUpNobody(t *testing.T) {
	ln, dial := grounds["pipe"](t)
	d := dig(t, kinds[2], ln, dial)
	client, server := d.open(t)
	go func() { // more than any window: it stands still
		_, _ = server.Write(make([]byte, 4<<20))
	}()
	for range 100 {
		resp, err := d.client.Get(t.Context(), "http://proxy.test/")
		if err != nil || resp.Status != 400 {
			t.Fatal(err)
		}
		if content, err := io.ReadAll(resp.Body); string(content) != paf.ErrNoTunnel.Error() || err != nil {
			t.Fatalf("%q, %v", content, err)
		}
	}
	if s := d.client.Stats(); s.Opened != 1 || s.Tunnels != 1 || d.server.Stats().Tunnels != 1 {
		t.Errorf("stats %+v", s)
	}
	_ = client.Close()
	_ = server.Close()
}

// Of tunnels that were opened and closed nothing is left; those who close first are told apart from those who reset.
func TestAThousandTunnelsLeaveNothingBehind(t *testing.T) {
	for _, k := range kinds {
		for _, first := range []string{"client", "server"} {
			t.Run(k.name+" closed by the "+first, func(t *testing.T) {
				ln, dial := grounds["tcp"](t)
				d := dig(t, k, ln, dial)
				before := runtime.NumGoroutine()
				for i := range 1000 {
					client, server := d.open(t)
					if first == "server" {
						client, server = server, client
					}
					if _, err := fmt.Fprint(client, i, "\n"); err != nil {
						t.Fatalf("%d: %v", i, err)
					}
					_ = client.Close()
					if got, err := io.ReadAll(server); string(got) != fmt.Sprint(i, "\n") || err != nil {
						t.Fatalf("%d: %q, %v", i, got, err)
					}
					_ = server.Close()
				}
				if opened := d.client.Stats().Opened; k.protocol == paf.HTTP2 && opened != 1 {
					t.Errorf("%d connections", opened)
				}
				for range 1000 { // the last ones are on their way
					if s := d.server.Stats(); s.Tunnels == 0 && s.Active == 0 && runtime.NumGoroutine() <= before+5 {
						return
					}
					time.Sleep(5 * time.Millisecond)
				}
				t.Errorf("%d goroutines, before it were %d; %+v", runtime.NumGoroutine(), before, d.server.Stats())
			})
		}
	}
}

// A tunnel has the values of the context that the server was given, and none of the request's end.
func TestTheContextOfATunnelOutlivesTheHandler(t *testing.T) {
	for _, k := range kinds {
		ln, dial := grounds["pipe"](t)
		d := dig(t, k, ln, dial)
		client, server := d.open(t)
		time.Sleep(10 * time.Millisecond)
		if err := errors.Join(client.Context().Err(), server.Context().Err()); err != nil {
			t.Errorf("%s: %v", k.name, err)
		}
		_ = server.Close()
		if err := context.Cause(server.Context()); err != context.Canceled {
			t.Errorf("%s: %v", k.name, err)
		}
		_ = client.Close()
	}
}
