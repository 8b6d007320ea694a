package paf_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/internal/testkit"
	"github.com/paf-go/paf/loop"
	"github.com/paf-go/paf/mimic"
)

// canPark says whether connections are parked here.
func canPark() bool {
	return runtime.GOOS == "linux" || runtime.GOOS == "darwin" || strings.HasSuffix(runtime.GOOS, "bsd")
}

func serverTLS() *tls.Config {
	cert, _ := selfSigned()
	return &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"h2", "http/1.1"}}
}

// parking starts a server that parks soon, on TCP, with TLS if there is a configuration for it.
func parking(t *testing.T, s *paf.Server, config *tls.Config) (addr string, stop func()) {
	t.Helper()
	if !canPark() {
		t.Skip("NOT TESTED: nothing is parked on " + runtime.GOOS)
	}
	ln := testkit.Listen(t)
	addr = ln.Addr().String()
	if config != nil {
		ln = tls.NewListener(ln, config)
	}
	if s.ParkAfter == 0 {
		s.ParkAfter = time.Millisecond
	}
	return addr, testkit.Serve(t, s, ln)
}

// awake counts the goroutines of accepted connections.
func awake() int {
	stacks := make([]byte, 4<<20)
	return strings.Count(string(stacks[:runtime.Stack(stacks, true)]), "loop.(*serverConn).serve(")
}

// asleep waits until no goroutine is left of any connection.
func asleep(t *testing.T) {
	t.Helper()
	for range 300 {
		if awake() == 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d connections are awake", awake())
}

// An idle connection has no goroutine, answers when it is asked, and knows after it how long it has been idle.
func TestIdleConnectionsHaveNoGoroutine(t *testing.T) {
	const n = 20
	for name, config := range map[string]*tls.Config{"clear": nil, "TLS": serverTLS()} {
		t.Run(name, func(t *testing.T) {
			s := handle(hello)
			addr, _ := parking(t, s, config)
			var conns []net.Conn
			for range n {
				c := net.Conn(dial(t, addr))
				if config != nil {
					c = tls.Client(c, &tls.Config{InsecureSkipVerify: true})
				}
				conns = append(conns, c)
			}
			for round := range 3 {
				for _, c := range conns {
					ask(t, c, round)
				}
				asleep(t)
			}
			if stats := s.Stats(); stats.Conns != n || stats.Opened != n || stats.Exchanges != 3*n || stats.Active != 0 || stats.Idle != n {
				t.Errorf("%+v", stats)
			}
			for _, c := range conns {
				c.Close()
			}
			for i := 0; s.Stats().Conns > 0; i++ {
				if i == 500 {
					t.Fatalf("that they were closed has not been noticed: %+v", s.Stats())
				}
				time.Sleep(10 * time.Millisecond)
			}
		})
	}
}

// ask makes an exchange on a connection.
func ask(t *testing.T, c net.Conn, n int) {
	t.Helper()
	if _, err := fmt.Fprintf(c, "GET /%d HTTP/1.1\r\nHost: x\r\n\r\n", n); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(resp.Body); err != nil || string(body) != fmt.Sprintf("hello /%d", n) {
		t.Errorf("%q, %v", body, err)
	}
}

// The idle time-out ends a parked connection, and GOAWAY comes before its end on HTTP/2.
func TestParkedConnectionsTimeOut(t *testing.T) {
	for _, protocol := range []paf.Protocol{paf.HTTP11, paf.HTTP2} {
		s := handle(hello)
		s.Limits = engine.Limits{IdleTimeout: 300 * time.Millisecond}
		addr, _ := parking(t, s, nil)
		c := &paf.Client{Protocol: protocol, Context: mimic.Add(mimic.Context{}, paf.TCP, addr)}
		defer c.Close()
		if _, err := fetch(t, c, "http://x/"); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		for s.Stats().Conns > 0 {
			if time.Since(start) > 5*time.Second {
				t.Fatalf("%v: %+v", protocol, s.Stats())
			}
			time.Sleep(5 * time.Millisecond)
		}
		why := map[paf.Protocol]loop.CloseReason{paf.HTTP11: loop.TimedOut, paf.HTTP2: loop.Finished}[protocol] // GOAWAY is an end in peace
		if d := time.Since(start); d < 250*time.Millisecond || s.Stats().Closed[why] != 1 {
			t.Errorf("%v: after %v: %+v", protocol, d, s.Stats())
		}
	}
}

func fetch(t *testing.T, c *paf.Client, url string) (string, error) {
	resp, err := c.Get(t.Context(), url)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return string(body), err
}

// A server that stops ends parked connections at once.
func TestParkedConnectionsEndWithTheServer(t *testing.T) {
	for _, protocol := range []paf.Protocol{paf.HTTP11, paf.HTTP2} {
		s := handle(hello)
		addr, stop := parking(t, s, nil)
		c := &paf.Client{Protocol: protocol, Context: mimic.Add(mimic.Context{}, paf.TCP, addr)}
		if _, err := fetch(t, c, "http://x/"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(50 * time.Millisecond)
		start := time.Now()
		stop()
		if d := time.Since(start); d > time.Second || s.Stats().Closed[loop.Stopped] != 1 {
			t.Errorf("%v: after %v: %+v", protocol, d, s.Stats())
		}
		c.Close()
	}
}

// TestHammerParked lets connections be parked at every moment: between two requests, between two bytes, while they are closed,
// while the server stops.
func TestHammerParked(t *testing.T) {
	config := serverTLS()
	for _, protocol := range []paf.Protocol{paf.HTTP11, paf.HTTP2} {
		for name, config := range map[string]*tls.Config{"clear": nil, "TLS": config} {
			t.Run(protocol.String()+" "+name, func(t *testing.T) {
				s := handle(hammered)
				s.GracePeriod = 2 * time.Second
				addr, stop := parking(t, s, config)
				ctx, stopped := context.WithCancel(context.Background())
				end := time.Now().Add(1200 * time.Millisecond)
				var all sync.WaitGroup
				for seed := range uint64(30) {
					all.Go(func() {
						rnd := rand.New(rand.NewPCG(seed, 2))
						c := &paf.Client{Protocol: protocol, Context: mimic.Add(mimic.Context{}, dribble, dribbled{addr, config != nil, protocol, seed})}
						defer c.Close()
						for time.Now().Before(end) {
							hit(t, c, rnd, ctx)
							time.Sleep(time.Duration(rnd.IntN(15)) * time.Millisecond)
							if rnd.IntN(10) == 0 {
								c.CloseIdle()
							}
						}
					})
				}
				time.Sleep(800 * time.Millisecond)
				stopped()
				stop()
				all.Wait()
				if stats := s.Stats(); stats.Conns != 0 || stats.Active != 0 {
					t.Errorf("something is left: %+v", stats)
				}
			})
		}
	}
}

// dribbled says where dribble connects to.
type dribbled struct {
	addr     string
	tls      bool
	protocol paf.Protocol
	seed     uint64
}

var dribble = mimic.Register("dribble", mimic.NoPriority, func(ctx context.Context, d dribbled) (flow.Flow, error) {
	c, err := net.Dial("tcp", d.addr)
	if err != nil {
		return nil, err
	}
	slow := &hesitant{Conn: c, rnd: rand.New(rand.NewPCG(d.seed, rand.Uint64()))}
	if !d.tls {
		return slow, nil
	}
	name := map[paf.Protocol]string{paf.HTTP11: "http/1.1", paf.HTTP2: "h2"}[d.protocol]
	return flow.Conn(tls.Client(slow, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{name}})), nil
})

// A hesitant connection writes in two parts now and then, with time between them.
type hesitant struct {
	net.Conn
	mu  sync.Mutex
	rnd *rand.Rand
}

func (c *hesitant) Write(p []byte) (int, error) {
	c.mu.Lock()
	at, pause := 1+c.rnd.IntN(len(p)), time.Duration(c.rnd.IntN(20))*time.Millisecond
	some := c.rnd.IntN(8) == 0
	c.mu.Unlock()
	if !some || len(p) < 2 {
		return c.Conn.Write(p)
	}
	n, err := c.Conn.Write(p[:at])
	if err != nil || n == len(p) {
		return n, err
	}
	time.Sleep(pause)
	m, err := c.Conn.Write(p[at:])
	return n + m, err
}

// Of HTTP/2 connections the state is kept, and goes on: tables, windows, stream numbers.
func TestIdleConnectionsOfHTTP2HaveNoGoroutine(t *testing.T) {
	const n = 10
	s := handle(func(w *paf.ResponseWriter, r *paf.Request) {
		w.Header().Set("X-Echo", r.Header.Get("X-Echo")) // in both tables
		_, _ = io.Copy(w, r.Body)
	})
	addr, _ := parking(t, s, nil)
	var clients []*paf.Client
	for range n {
		c := &paf.Client{Protocol: paf.HTTP2, Context: mimic.Add(mimic.Context{}, paf.TCP, addr)}
		defer c.Close()
		clients = append(clients, c)
	}
	for round := range 4 {
		for i, c := range clients {
			for range 3 {
				r := newRequest(t, "POST", "http://x/", strings.NewReader(strings.Repeat("x", 50_000)))
				r.Header.Set("X-Echo", fmt.Sprintf("client %d in round %d", i, round))
				resp, err := c.Do(t.Context(), r)
				if err != nil {
					t.Fatal(err)
				}
				body, err := io.ReadAll(resp.Body)
				if err != nil || len(body) != 50_000 || resp.Header.Get("X-Echo") != r.Header.Get("X-Echo") {
					t.Fatalf("%d bytes, %v, %v", len(body), resp.Header, err)
				}
			}
		}
		asleep(t)
	}
	if stats := s.Stats(); stats.Conns != n || stats.Opened != n {
		t.Errorf("%+v", stats)
	}
}

// Who does not want that has a goroutine for each.
func TestNothingIsParkedThatIsNotToBe(t *testing.T) {
	s := handle(hello)
	s.ParkAfter = -1
	addr, _ := parking(t, s, nil)
	for range 10 {
		ask(t, dial(t, addr), 0)
	}
	time.Sleep(600 * time.Millisecond) // two ticks
	if n := awake(); n != 10 {
		t.Errorf("%d of ten connections are awake", n)
	}
}
