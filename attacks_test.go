package paf_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/internal/testkit"
	"github.com/paf-go/paf/mimic"
)

// serverOf listens and hands each connection to a function.
func serverOf(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	ln := testkit.Listen(t)
	done := make(chan struct{})
	t.Cleanup(func() { ln.Close(); <-done })
	go func() {
		defer close(done)
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() { defer c.Close(); serve(c) }()
		}
	}()
	return ln.Addr().String()
}

// skipHead reads a request without content.
func skipHead(r *bufio.Reader) {
	for {
		if line, err := r.ReadString('\n'); err != nil || line == "\r\n" {
			return
		}
	}
}

// A response that only the connection's end completes is not complete when the connection breaks off: by a reset, by the
// caller's own deadline, by Client.Close.
func TestContentThatBreaksOffIsNotWhole(t *testing.T) {
	for name, breakOff := range map[string]func(c *paf.Client, cancel func(error), reset func()){
		"a reset":      func(_ *paf.Client, _ func(error), reset func()) { reset() },
		"the context":  func(_ *paf.Client, cancel func(error), _ func()) { cancel(context.DeadlineExceeded) },
		"Client.Close": func(c *paf.Client, _ func(error), _ func()) { c.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			reset := make(chan struct{})
			over := make(chan struct{})
			addr := serverOf(t, func(c net.Conn) {
				skipHead(bufio.NewReader(c))
				_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\nhello")
				select {
				case <-reset:
					_ = c.(*net.TCPConn).SetLinger(0)
				case <-over:
				}
			})
			defer close(over)
			var c paf.Client
			defer c.Close()
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			resp, err := c.Get(ctx, "http://"+addr)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			buf := make([]byte, 5)
			if _, err := io.ReadFull(resp.Body, buf); err != nil {
				t.Fatal(err)
			}
			breakOff(&c, cancel, func() { close(reset) })
			rest, err := io.ReadAll(resp.Body)
			if err == nil || len(rest) > 0 {
				t.Errorf("%q, %v", rest, err)
			}
			if name == "the context" && !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("not the context's cause: %v", err)
			}
		})
	}
}

// Openings that hang are not waited for one after another.
func TestCallersDoNotQueueBehindOpeningsThatFail(t *testing.T) {
	addr := serverOf(t, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
	c := &paf.Client{OpenTimeout: 300 * time.Millisecond}
	defer c.Close()
	start := time.Now()
	done := make(chan error, 10)
	for range cap(done) {
		go func() {
			_, err := c.Get(t.Context(), "https://"+addr)
			done <- err
		}()
	}
	for range cap(done) {
		if err := <-done; !errors.Is(err, paf.ErrHandshake) {
			t.Error(err)
		}
	}
	if d := time.Since(start); d > 2*time.Second { // two openings, one after the other, and some time to spare
		t.Errorf("the last of them gave up after %v", d)
	}
}

// A connection that is cut ends Request.Context though nobody is reading it, for there is no room to read ahead.
func TestACutEndsTheContext(t *testing.T) {
	for name, request := range map[string]string{
		"nothing":   "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"content":   "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n" + strings.Repeat("x", 8<<10),
		"pipelined": strings.Repeat("GET / HTTP/1.1\r\nHost: x\r\n\r\n", 300),
	} {
		t.Run(name, func(t *testing.T) {
			began, ended := make(chan struct{}, 1000), make(chan error, 1000)
			s := handle(func(w *paf.ResponseWriter, r *paf.Request) {
				done := r.Context().Done()
				time.Sleep(50 * time.Millisecond) // the watcher has filled the input
				began <- struct{}{}
				<-done
				ended <- context.Cause(r.Context())
			})
			ln := testkit.Listen(t)
			done := make(chan error, 1)
			go func() { done <- s.Serve(context.Background(), ln) }()
			c, err := net.Dial("tcp", ln.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if _, err := io.WriteString(c, request); err != nil {
				t.Fatal(err)
			}
			<-began
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
			defer cancel()
			if err := s.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Shutdown: %v", err)
			}
			if err := <-ended; !errors.Is(err, paf.ErrStopped) {
				t.Errorf("the context ended for %v", err)
			}
			if err := <-done; err != nil {
				t.Errorf("Serve: %v", err)
			}
		})
	}
}

// A client that resets ends the context though it had sent more than is read ahead.
func TestAResetEndsTheContextBehindContentThatNobodyReads(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("NOT TESTED: only epoll tells that a peer has gone before what it has sent is read")
	}
	began, ended := make(chan struct{}), make(chan error)
	addr := serve(t, handle(func(w *paf.ResponseWriter, r *paf.Request) {
		done := r.Context().Done()
		began <- struct{}{}
		<-done
		ended <- context.Cause(r.Context())
	}))
	c := dial(t, addr)
	_, _ = io.WriteString(c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n"+strings.Repeat("x", 8<<10))
	<-began
	time.Sleep(50 * time.Millisecond) // what there is room for is read ahead
	_ = c.SetLinger(0)
	c.Close()
	select {
	case err := <-ended:
		if !errors.Is(err, paf.ErrPeerGone) {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Error("the client has gone, and the context goes on")
		close(ended) // never read: the handler stays
	}
}

// Shutdown keeps to its context though a handler does not return.
func TestShutdownDoesNotWaitForHandlersBeyondItsContext(t *testing.T) {
	began, end := make(chan struct{}), make(chan struct{})
	s := handle(func(*paf.ResponseWriter, *paf.Request) {
		close(began)
		<-end
	})
	ln := testkit.Listen(t)
	done := make(chan error, 1)
	go func() { done <- s.Serve(context.Background(), ln) }()
	c, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	<-began
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(errors.New("enough"))
	if err := s.Shutdown(ctx); err == nil || err.Error() != "enough" {
		t.Errorf("Shutdown: %v", err)
	}
	close(end)
	if err := <-done; err != nil {
		t.Errorf("Serve: %v", err)
	}
}

// A scheme that the connection cannot vouch for is refused.
func TestRequestsForAnotherSchemeAreRefused(t *testing.T) {
	for _, test := range []struct {
		trust  bool
		target string
		want   string
	}{
		{false, "https://secret.example/", "421 "},
		{false, "ftp://x/", "421 "},
		{false, "http://x/", "200 http x"},
		{false, "/", "200 http x"},
		{true, "https://secret.example/", "200 https secret.example"},
		{true, "ftp://x/", "200 ftp x"},
	} {
		s := handle(func(w *paf.ResponseWriter, r *paf.Request) { fmt.Fprintf(w, "%s %s", r.Scheme, r.Authority) })
		s.TrustScheme = test.trust
		log := &testkit.Record{}
		s.Log = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		got := exchangeRaw(t, serve(t, s), "GET "+test.target+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		head, content, _ := strings.Cut(got, "\r\n\r\n")
		status := strings.TrimPrefix(head, "HTTP/1.1 ")[:4]
		if status == "421 " {
			content = ""
		}
		if told := strings.Contains(log.String(), `level=DEBUG msg="request refused"`); told != (status == "421 ") {
			t.Errorf("%s: logged that it was refused: %t", test.target, told)
		}
		if status+content != test.want {
			t.Errorf("%s (trusted: %v): %s%s", test.target, test.trust, status, content)
		}
	}
}

// What comes on a connection that is idle in a pool answers nothing that is asked later.
func TestUnaskedBytesAnswerNothing(t *testing.T) {
	for _, method := range []string{"GET", "HEAD"} {
		second := make(chan struct{})
		addr := serverOf(t, func(c net.Conn) {
			in := bufio.NewReader(c)
			skipHead(in)
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
			select {
			case <-second:
				_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood")
				return
			default:
			}
			close(second)
			time.Sleep(20 * time.Millisecond)
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
			skipHead(in)
		})
		var c paf.Client
		resp, err := c.Do(t.Context(), newRequest(t, method, "http://"+addr, nil))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		time.Sleep(60 * time.Millisecond)
		resp, err = c.Do(t.Context(), newRequest(t, "GET", "http://"+addr+"/second", nil))
		if err != nil {
			t.Fatalf("after %s: %v", method, err)
		}
		if got, err := io.ReadAll(resp.Body); string(got) == "evil" || err != nil {
			t.Errorf("after %s the second request was answered with %q, %v", method, got, err)
		}
		resp.Body.Close()
		c.Close()
	}
}

// Content that nobody needs any more is not waited for: when the response has come, or the context has ended, it is closed.
func TestContentThatWaitsIsClosedWhenTheExchangeIsOver(t *testing.T) {
	addr := serve(t, handle(func(w *paf.ResponseWriter, r *paf.Request) {
		if r.Path == "/answer" {
			w.WriteHeader(413)
			return
		}
		<-r.Context().Done()
	}))
	for _, protocol := range []paf.Protocol{paf.HTTP11, paf.HTTP2} {
		for _, path := range []string{"/answer", "/wait"} {
			c := &paf.Client{Protocol: protocol, Context: mimic.Add(mimic.Context{}, paf.TCP, addr)}
			body, feed := io.Pipe() // on which no more comes
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			resp, err := c.Do(ctx, newRequest(t, "POST", "http://x"+path, body))
			switch {
			case path == "/answer" && err != nil:
				t.Errorf("%v %s: %v", protocol, path, err)
			case path == "/answer":
				resp.Body.Close()
			case err == nil:
				t.Errorf("%v %s: %d", protocol, path, resp.Status)
			}
			closed := make(chan error, 1)
			go func() {
				_, err := feed.Write([]byte("more"))
				closed <- err
			}()
			select {
			case err := <-closed:
				if !errors.Is(err, io.ErrClosedPipe) {
					t.Errorf("%v %s: %v", protocol, path, err)
				}
			case <-time.After(10 * time.Second):
				t.Errorf("%v %s: the content has not been closed", protocol, path)
				feed.Close()
			}
			cancel()
			c.Close()
		}
	}
}
