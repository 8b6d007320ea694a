package web_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall/js"
	"testing"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/flow/flowtest"
	"github.com/paf-go/paf/mimic"
	"github.com/paf-go/paf/web"
)

// channel returns the two ports of a new MessageChannel.
func channel() (a, b js.Value) {
	c := js.Global().Get("MessageChannel").New()
	return c.Get("port1"), c.Get("port2")
}

func TestPortsAreAFlow(t *testing.T) {
	flowtest.Run(t, func(testing.TB) (flow.Flow, flow.Flow) {
		a, b := channel()
		return web.NewConn(a), web.NewConn(b)
	})
}

func TestDialledPortsAreAFlow(t *testing.T) {
	flowtest.Run(t, func(t testing.TB) (flow.Flow, flow.Flow) {
		near, far := channel()
		ln := web.Listen(far)
		t.Cleanup(func() {
			_ = ln.Close()
			near.Call("close")
		})
		accepted := make(chan flow.Flow, 1)
		go func() {
			f, err := ln.Accept()
			if err != nil {
				t.Error(err)
			}
			accepted <- f
		}()
		f, err := web.DialMessagePort(context.Background(), near)
		if err != nil {
			t.Fatal(err)
		}
		return f, <-accepted
	})
}

// serve serves on the far side of a channel, whose near side it returns.
func serve(t *testing.T, s *paf.Server) js.Value {
	near, far := channel()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	ln := web.Listen(far)
	go func() { done <- s.Serve(ctx, ln) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Serve: %v", err)
		}
		near.Call("close")
	})
	return near
}

func TestContextWithAPortOpensIt(t *testing.T) {
	target := serve(t, &paf.Server{Handler: paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) { _, _ = io.Copy(w, r.Body) })})
	for _, protocol := range []paf.Protocol{paf.HTTP11, paf.HTTP2} {
		c := paf.Client{Context: mimic.Add(mimic.Context{}, web.MessagePort, target), Protocol: protocol}
		content := strings.Repeat(fmt.Sprintln(protocol), 200_000)
		r, err := paf.NewRequest("POST", "http://worker.example/", strings.NewReader(content))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := c.Do(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(resp.Body)
		if err != nil || string(got) != content || resp.Protocol != protocol {
			t.Errorf("%v: %d bytes of %d came back over %v, error %v", protocol, len(got), len(content), resp.Protocol, err)
		}
		c.Close()
	}
}

func TestTCPSaysThatABrowserHasNone(t *testing.T) {
	var c paf.Client
	defer c.Close()
	for _, url := range []string{"http://127.0.0.1:8080/", "https://127.0.0.1:8443/"} {
		_, err := c.Get(t.Context(), url)
		if !errors.Is(err, errors.ErrUnsupported) || !strings.Contains(err.Error(), "there are no sockets on js") {
			t.Errorf("%s: error %v", url, err)
		}
	}
}

func TestPortThatNobodyAcceptsEndsWithTheContext(t *testing.T) {
	near, far := channel()
	defer near.Call("close")
	ln := web.Listen(far)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if _, err := web.DialMessagePort(ctx, near); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
	_ = ln.Close()
}

func TestClosedListenerRefusesThoseWhoWait(t *testing.T) {
	near, far := channel()
	defer near.Call("close")
	ln := web.Listen(far)
	dialled := make(chan error, 1)
	go func() {
		_, err := web.DialMessagePort(t.Context(), near)
		dialled <- err
	}()
	time.Sleep(20 * time.Millisecond) // right as well if Close comes first
	_ = ln.Close()
	select {
	case err := <-dialled:
		if !errors.Is(err, web.ErrRefused) {
			t.Errorf("error %v", err)
		}
	case <-time.After(5 * time.Second):
		t.Error("still waiting")
	}
}

// stuff is a peer that does not keep to the rules: it sends n bytes whatever it may.
func stuff(port js.Value, n int) {
	for ; n > 0; n -= 64 << 10 {
		port.Call("postMessage", js.Global().Get("ArrayBuffer").New(64<<10))
	}
}

func TestPeerThatSendsMoreThanItMayIsCutOff(t *testing.T) {
	for name, misbehave := range map[string]func(port js.Value){
		"too much":           func(p js.Value) { stuff(p, 1<<20) },
		"an unknown word":    func(p js.Value) { p.Call("postMessage", "hello") },
		"something else":     func(p js.Value) { p.Call("postMessage", 1) },
		"an object":          func(p js.Value) { p.Call("postMessage", map[string]any{"a": 1}) },
		"a negative credit":  func(p js.Value) { p.Call("postMessage", "credit -1") },
		"bytes after an end": func(p js.Value) { p.Call("postMessage", "end"); stuff(p, 1); stuff(p, 1) },
	} {
		a, b := channel()
		c := web.NewConn(a)
		misbehave(b)
		_, err := io.Copy(io.Discard, slowly{c})
		if name == "bytes after an end" { // the end stands, but nothing can be sent
			for range 100 {
				if _, err = c.Write([]byte("x")); err != nil {
					break
				}
				time.Sleep(time.Millisecond)
			}
		}
		if !errors.Is(err, web.ErrProtocol) {
			t.Errorf("%s: error %v", name, err)
		}
		_ = c.Close()
	}
}

type slowly struct{ io.Reader }

func (s slowly) Read(p []byte) (int, error) {
	time.Sleep(5 * time.Millisecond)
	return s.Reader.Read(p[:min(len(p), 100)])
}

// TestUnreadBytesAreBounded writes to peers that do not read: what is under way must stay below a window, whatever they allow.
func TestUnreadBytesAreBounded(t *testing.T) {
	for _, word := range []string{"credit 0", "credit 2000000000"} {
		a, b := channel()
		c := web.NewConn(a)
		b.Call("postMessage", word)
		time.Sleep(20 * time.Millisecond) // so that it has come; without it the test is weaker, not wrong
		_ = c.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
		if n, err := c.Write(make([]byte, 8<<20)); !errors.Is(err, os.ErrDeadlineExceeded) || n != 512<<10 {
			t.Errorf("%s: %d bytes were taken, error %v", word, n, err)
		}
		_ = c.Close()
		b.Call("close")
	}
}
