package paf_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/paftest"
)

func chunked(path, content string) string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", path, len(content), content)
}

func sized(path, content string) string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", path, len(content), content)
}

const last = "GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

// Up to DrainBytes of content that the handler did not want are read past, so that the next request is found where it
// begins. One byte more and the connection ends: with a word beforehand if the length was known.
func TestContentThatIsNotReadIsDrainedUpToDrainBytes(t *testing.T) {
	const drain = 1000
	for _, test := range []struct {
		name    string
		request func(path, content string) string
		size    int
		want    []string // answers
	}{
		{"sized, none", sized, 0, []string{"200 hello /", "200 hello /last close"}},
		{"sized, as much", sized, drain, []string{"200 hello /", "200 hello /last close"}},
		{"sized, more", sized, drain + 1, []string{"200 hello / close"}},
		{"chunked, as much", chunked, drain, []string{"200 hello /", "200 hello /last close"}},
		{"chunked, more", chunked, drain + 1, []string{"200 hello /"}},
		{"chunked, much more", chunked, 50 * drain, []string{"200 hello /"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := handle(hello)
			s.DrainBytes = drain
			virtually(t, s, func(t *testing.T, s *paftest.Server) {
				p := newPeer(t, s)
				if err := p.send(test.request("/", strings.Repeat("x", test.size)) + last); err != nil {
					t.Fatal(err)
				}
				for _, want := range test.want {
					if got := p.answer(); got != want {
						t.Errorf("got %q, want %q", got, want)
					}
				}
				if d := p.ended(time.Now()); d != 0 {
					t.Errorf("the server went on for %v", d)
				}
			})
		})
	}
}

// What the handler has read does not count: DrainBytes are about what it has left.
func TestContentThatIsReadInPartIsDrainedForTheRest(t *testing.T) {
	s := handle(func(w *paf.ResponseWriter, r *paf.Request) {
		_, _ = io.CopyN(io.Discard, r.Body, 100)
		hello(w, r)
	})
	s.DrainBytes = 1000
	virtually(t, s, func(t *testing.T, s *paftest.Server) {
		p := newPeer(t, s)
		_ = p.send(chunked("/", strings.Repeat("x", 1100)) + sized("/second", strings.Repeat("x", 1100)) + last)
		if got := p.answer() + ", " + p.answer() + ", " + p.answer(); got != "200 hello /, 200 hello /second, 200 hello /last close" {
			t.Errorf("got %s", got)
		}
		p.ended(time.Now())
		for _, request := range []func(path, content string) string{chunked, sized} {
			p := newPeer(t, s)
			_ = p.send(request("/", strings.Repeat("x", 1101)) + last)
			if got := p.answer(); got != "200 hello /" {
				t.Errorf("got %s", got)
			}
			p.ended(time.Now())
		}
	})
}

// What has come is enough to know that it is too much: nothing more is waited for.
func TestDrainDoesNotWaitOnceItIsTooMuch(t *testing.T) {
	s := handle(hello)
	s.DrainBytes = 1000
	virtually(t, s, func(t *testing.T, s *paftest.Server) {
		p := newPeer(t, s)
		start := time.Now()
		_ = p.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" + strings.Repeat("x", 1001))
		if got := p.answer(); got != "200 hello /" {
			t.Errorf("got %s", got)
		}
		if d := p.ended(start); d != 0 {
			t.Errorf("the server waited for %v", d)
		}
	})
}

// A negative DrainBytes is no limit; a negative DrainTimeout neither.
func TestDrainWithoutLimitsTakesWhatComes(t *testing.T) {
	s := handle(hello)
	s.DrainBytes, s.DrainTimeout = -1, -1
	virtually(t, s, func(t *testing.T, s *paftest.Server) {
		p := newPeer(t, s)
		const size = 1 << 20
		_ = p.send(fmt.Sprintf("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", size))
		if got := p.answer(); got != "200 hello /" {
			t.Errorf("got %s", got)
		}
		for range 16 {
			time.Sleep(10 * time.Second)
			if err := p.send(strings.Repeat("x", size/16)); err != nil {
				t.Fatal(err)
			}
		}
		_ = p.send(last)
		if got := p.answer(); got != "200 hello /last close" {
			t.Errorf("got %s", got)
		}
	})
}

// The answer is sent before the rest is waited for, and the waiting ends after DrainTimeout: be the peer silent or slow.
func TestDrainTimeoutBoundsTheWaitForUnwantedContent(t *testing.T) {
	for name, pause := range map[string]time.Duration{"silent": time.Hour, "slow": 100 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			s := handle(hello)
			s.DrainTimeout = 3 * time.Second
			virtually(t, s, func(t *testing.T, s *paftest.Server) {
				p := newPeer(t, s)
				start := time.Now()
				_ = p.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10000\r\n\r\n")
				if got := p.answer(); got != "200 hello /" || time.Since(start) != 0 {
					t.Errorf("got %s after %v", got, time.Since(start))
				}
				ctx, stop := context.WithCancel(t.Context())
				defer stop()
				go p.trickle(ctx, pause)
				if d := p.ended(start); !about(d, 3*time.Second) {
					t.Errorf("the server closed after %v", d)
				}
				// Then it lingers.
				if d := gone(s, start); !about(d, 5*time.Second) {
					t.Errorf("the connection was gone after %v", d)
				}
			})
		})
	}
}

// After its last response the server ends its own side and goes on reading: a peer in the middle of sending is not
// reset, which could cost it the response (RFC 9112, Section 9.6).
func TestServerReadsOnAfterItsLastResponse(t *testing.T) {
	virtually(t, handle(hello), func(t *testing.T, s *paftest.Server) {
		p := newPeer(t, s)
		start := time.Now()
		_ = p.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n")
		// More than any buffer on the way holds: it goes only if somebody takes it.
		for range 10 {
			time.Sleep(100 * time.Millisecond)
			if err := p.send(strings.Repeat("x", 200<<10)); err != nil {
				t.Fatalf("after %v: %v", time.Since(start), err)
			}
		}
		if got := p.answer(); got != "200 hello / close" {
			t.Errorf("got %s", got)
		}
		p.ended(start)
		p.Close()
		if d := gone(s, start); d > 1200*time.Millisecond {
			t.Errorf("a peer that closed was waited for until %v", d)
		}
	})
}

// A peer that never closes is waited for LingerTimeout, however much it sends; a negative one is no limit.
func TestLingerTimeoutBoundsTheReadingAfterTheLastResponse(t *testing.T) {
	for name, pause := range map[string]time.Duration{"silent": time.Hour, "sending": 100 * time.Millisecond} {
		for linger, want := range map[time.Duration]time.Duration{0: 2 * time.Second, 7 * time.Second: 7 * time.Second} {
			t.Run(fmt.Sprint(name, linger), func(t *testing.T) {
				s := handle(hello)
				s.LingerTimeout = linger
				virtually(t, s, func(t *testing.T, s *paftest.Server) {
					p := newPeer(t, s)
					start := time.Now()
					_ = p.send(last)
					if got := p.answer(); got != "200 hello /last close" {
						t.Errorf("got %s", got)
					}
					if d := p.ended(start); d != 0 {
						t.Errorf("the server ended its side after %v", d)
					}
					ctx, stop := context.WithCancel(t.Context())
					defer stop()
					go p.trickle(ctx, pause)
					if d := gone(s, start); !about(d, want) {
						t.Errorf("the connection was gone after %v", d)
					}
					if err := p.send("x"); !errors.Is(err, syscall.EPIPE) {
						t.Errorf("then a write gave %v", err)
					}
				})
			})
		}
	}
	s := handle(hello)
	s.LingerTimeout = -1
	virtually(t, s, func(t *testing.T, s *paftest.Server) {
		p := newPeer(t, s)
		_ = p.send(last)
		time.Sleep(time.Hour)
		if err := p.send("x"); err != nil || s.Stats().Conns != 1 {
			t.Errorf("without a limit: %v", err)
		}
		p.Close()
	})
}
