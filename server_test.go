package paf_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/internal/testkit"
)

// serve starts a server on a TCP port of its own and returns its address. When
// the test ends it is stopped, and must stop.
func serve(t testing.TB, s *paf.Server) string {
	t.Helper()
	if s.Log == nil {
		s.Log = slog.New(slog.DiscardHandler)
	}
	ln := testkit.Listen(t)
	testkit.Serve(t, s, ln)
	return ln.Addr().String()
}

func handle(f func(w *paf.ResponseWriter, r *paf.Request)) *paf.Server {
	return &paf.Server{Handler: paf.HandlerFunc(f)}
}

func dial(t testing.TB, addr string) *net.TCPConn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(15 * time.Second))
	return c.(*net.TCPConn)
}

// exchangeRaw sends bytes and returns all that comes back until the server closes.
func exchangeRaw(t testing.TB, addr, request string) string {
	t.Helper()
	c := dial(t, addr)
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(c)
	if err != nil {
		t.Fatalf("after %q: %v", got, err)
	}
	return string(got)
}

func hello(w *paf.ResponseWriter, r *paf.Request) {
	fmt.Fprintf(w, "hello %s", r.Path)
}

func TestServerAnswersNetHTTPClient(t *testing.T) {
	addr := serve(t, handle(func(w *paf.ResponseWriter, r *paf.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		w.Header().Set("X-Method", r.Method)
		w.Header().Set("X-Query", r.Query)
		w.Header().Set("X-Agent", r.Header.Get("user-agent"))
		w.WriteHeader(201)
		fmt.Fprintf(w, "%s %s", r.Path, body)
	}))
	for range 3 {
		resp, err := http.Post("http://"+addr+"/a%20b?c=d", "text/plain", strings.NewReader("content"))
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != 201 || string(body) != "/a%20b content" || resp.ContentLength != 14 ||
			resp.Header.Get("X-Method") != "POST" || resp.Header.Get("X-Query") != "c=d" || resp.Header.Get("Date") == "" {
			t.Errorf("got %v, body %q", resp, body)
		}
	}
}

func TestServerAnswersPipelinedRequestsInOrder(t *testing.T) {
	addr := serve(t, handle(hello))
	var request strings.Builder
	for i := range 10 {
		fmt.Fprintf(&request, "GET /%d HTTP/1.1\r\nHost: x\r\n", i)
		if i == 9 {
			request.WriteString("Connection: close\r\n")
		}
		request.WriteString("\r\n")
	}
	got := exchangeRaw(t, addr, request.String())
	at := 0
	for i := range 10 {
		next := strings.Index(got[at:], fmt.Sprintf("hello /%d", i))
		if next < 0 {
			t.Fatalf("no answer %d in order in %q", i, got)
		}
		at += next
	}
}

func TestServerKeepsHalfClosedConnectionForTheResponse(t *testing.T) {
	addr := serve(t, handle(func(w *paf.ResponseWriter, r *paf.Request) {
		body, _ := io.ReadAll(r.Body)
		time.Sleep(50 * time.Millisecond)
		_, _ = w.Write(body)
	}))
	c := dial(t, addr)
	fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello")
	if err := c.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(c)
	if err != nil || !strings.HasSuffix(string(got), "\r\n\r\nhello") {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestServerStreamsWhenFlushed(t *testing.T) {
	next := make(chan struct{})
	addr := serve(t, handle(func(w *paf.ResponseWriter, r *paf.Request) {
		for i := range 3 {
			fmt.Fprintf(w, "part %d\n", i)
			if err := w.Flush(); err != nil {
				t.Error(err)
			}
			<-next
		}
	}))
	resp, err := http.Get("http://" + addr)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	for i := range 3 {
		if !lines.Scan() || lines.Text() != fmt.Sprintf("part %d", i) {
			t.Fatalf("got %q", lines.Text())
		}
		next <- struct{}{}
	}
}

func TestServerSendsContinueOnFirstReadOnly(t *testing.T) {
	addr := serve(t, handle(func(w *paf.ResponseWriter, r *paf.Request) {
		if r.Path == "/read" {
			_, _ = io.Copy(w, r.Body)
		} else {
			w.WriteHeader(403)
		}
	}))
	c := dial(t, addr)
	fmt.Fprintf(c, "POST /read HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
	in := bufio.NewReader(c)
	if line, _ := in.ReadString('\n'); line != "HTTP/1.1 100 Continue\r\n" {
		t.Fatalf("got %q", line)
	}
	_, _ = in.ReadString('\n')
	fmt.Fprintf(c, "hello")
	if line, _ := in.ReadString('\n'); line != "HTTP/1.1 200 OK\r\n" {
		t.Fatalf("got %q", line)
	}
	got := exchangeRaw(t, addr, "POST /refuse HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
	if !strings.HasPrefix(got, "HTTP/1.1 403 ") || strings.Contains(got, "100") && strings.Contains(got, "100 Continue") ||
		!strings.Contains(strings.ToLower(got), "connection: close") {
		t.Errorf("got %q", got)
	}
}

func TestPanicCostsOneExchange(t *testing.T) {
	log := &testkit.Record{}
	s := handle(func(w *paf.ResponseWriter, r *paf.Request) {
		if r.Path == "/panic" {
			_, _ = w.WriteString("never seen")
			panic("at the disco")
		}
		hello(w, r)
	})
	s.Log = slog.New(slog.NewTextHandler(log, nil))
	addr := serve(t, s)
	got := exchangeRaw(t, addr, "GET /panic HTTP/1.1\r\nHost: x\r\n\r\nGET /after HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	if !strings.HasPrefix(got, "HTTP/1.1 500 ") || strings.Contains(got, "never seen") || !strings.HasSuffix(got, "hello /after") {
		t.Errorf("got %q", got)
	}
	if text := log.String(); !strings.Contains(text, "at the disco") || !strings.Contains(text, "server_test.go") {
		t.Errorf("the log has no stack: %q", text)
	}
}

func TestPanicAfterTheHeadCutsTheResponseOff(t *testing.T) {
	addr := serve(t, handle(func(w *paf.ResponseWriter, r *paf.Request) {
		_, _ = w.WriteString("half")
		_ = w.Flush()
		panic(paf.ErrAbort)
	}))
	resp, err := http.Get("http://" + addr)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, err := io.ReadAll(resp.Body); err == nil {
		t.Errorf("a cut response was taken for complete: %q", body)
	}
}

func TestErrorHandlerAnswersBadRequests(t *testing.T) {
	var kinds []string
	s := handle(hello)
	s.ErrorHandler = func(w *paf.ResponseWriter, r *paf.Request, err error) {
		var e *engine.Error
		if !errors.As(err, &e) || e.Blame != engine.Peer {
			t.Errorf("error %v", err)
		}
		kinds = append(kinds, fmt.Sprintf("%d %t", w.Status(), r != nil))
		fmt.Fprintf(w, "custom")
	}
	addr := serve(t, s)
	for _, request := range []string{
		"GET / HTTP/1.1\r\n\r\n",
		"rubbish\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
	} {
		got := exchangeRaw(t, addr, request)
		if !strings.HasPrefix(got, "HTTP/1.1 400 ") || !strings.HasSuffix(got, "custom") {
			t.Errorf("to %q got %q", request, got)
		}
	}
	if want := "[400 true 400 false 400 true]"; fmt.Sprint(kinds) != want {
		t.Errorf("the error handler saw %v, want %v", kinds, want)
	}
}

func TestLargeRefusedUploadStillGetsItsAnswer(t *testing.T) {
	s := handle(func(w *paf.ResponseWriter, r *paf.Request) { w.WriteHeader(413) })
	addr := serve(t, s)
	c := dial(t, addr)
	fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 104857600\r\n\r\n")
	go func() {
		buf := make([]byte, 1<<20)
		for range 8 {
			if _, err := c.Write(buf); err != nil {
				return
			}
		}
		_ = c.CloseWrite()
	}()
	got, err := io.ReadAll(c)
	if err != nil || !strings.HasPrefix(string(got), "HTTP/1.1 413 ") {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestContextEndsWhenThePeerGoes(t *testing.T) {
	cause := make(chan error, 1)
	addr := serve(t, handle(func(w *paf.ResponseWriter, r *paf.Request) {
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		<-ctx.Done()
		cause <- context.Cause(ctx)
	}))
	c := dial(t, addr)
	fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	time.Sleep(20 * time.Millisecond)
	_ = c.SetLinger(0)
	c.Close()
	select {
	case err := <-cause:
		if !errors.Is(err, paf.ErrPeerGone) {
			t.Errorf("cause %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the handler was not told")
	}
}

func TestContextIsCancelledAfterTheHandler(t *testing.T) {
	contexts := make(chan context.Context, 1)
	addr := serve(t, handle(func(w *paf.ResponseWriter, r *paf.Request) {
		if r.Context().Err() != nil {
			t.Error("the context has ended already")
		}
		contexts <- r.Context()
	}))
	// The watcher that Err has started must not swallow the second request.
	c := dial(t, addr)
	in := bufio.NewReader(c)
	for range 3 {
		fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		resp, err := http.ReadResponse(in, nil)
		if err != nil || resp.StatusCode != 200 {
			t.Fatalf("got %v, %v", resp, err)
		}
		ctx := <-contexts
		<-ctx.Done()
		if err := context.Cause(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("cause %v", err)
		}
	}
}

func TestReadDeadlineOfARequest(t *testing.T) {
	errs := make(chan error, 1)
	addr := serve(t, handle(func(w *paf.ResponseWriter, r *paf.Request) {
		r.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		_, err := io.ReadAll(r.Body)
		errs <- err
	}))
	c := dial(t, addr)
	fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhe")
	select {
	case err := <-errs:
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("Read went on")
	}
}

func TestHeadTimeoutAnswers408AlsoToASecondRequest(t *testing.T) {
	s := handle(hello)
	s.Limits.HeadTimeout = 100 * time.Millisecond
	addr := serve(t, s)
	for _, request := range []string{"GET / HT", "GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /second HT"} {
		start := time.Now()
		got := exchangeRaw(t, addr, request)
		if !strings.Contains(got, "HTTP/1.1 408 ") {
			t.Errorf("to %q got %q", request, got)
		}
		if d := time.Since(start); d > 5*time.Second {
			t.Errorf("it took %v", d)
		}
	}
}

func TestIdleConnectionIsClosedQuietly(t *testing.T) {
	s := handle(hello)
	s.Limits.IdleTimeout = 100 * time.Millisecond
	got := exchangeRaw(t, serve(t, s), "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	if strings.Count(got, "HTTP/1.1") != 1 {
		t.Errorf("got %q", got)
	}
}

func TestWriteTimeoutCutsAPeerThatDoesNotRead(t *testing.T) {
	errs := make(chan error, 1)
	s := handle(func(w *paf.ResponseWriter, r *paf.Request) {
		buf := make([]byte, 1<<20)
		for {
			if _, err := w.Write(buf); err != nil {
				errs <- err
				return
			}
		}
	})
	s.WriteTimeout = 200 * time.Millisecond
	c := dial(t, serve(t, s))
	fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	select {
	case err := <-errs:
		if !errors.Is(err, paf.ErrPeerGone) {
			t.Errorf("got %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the write went on")
	}
}

func TestServeReturnsNilAndFinishesWhatIsInFlight(t *testing.T) {
	entered := make(chan struct{})
	s := handle(func(w *paf.ResponseWriter, r *paf.Request) {
		close(entered)
		time.Sleep(100 * time.Millisecond)
		hello(w, r)
	})
	ln := testkit.Listen(t)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, ln) }()
	idle := dial(t, ln.Addr().String())
	c := dial(t, ln.Addr().String())
	fmt.Fprintf(c, "GET /last HTTP/1.1\r\nHost: x\r\n\r\n")
	<-entered
	stop()
	got, err := io.ReadAll(c)
	if err != nil || !strings.HasSuffix(string(got), "hello /last") || !strings.Contains(strings.ToLower(string(got)), "connection: close") {
		t.Errorf("got %q, %v", got, err)
	}
	if rest, err := io.ReadAll(idle); err != nil || len(rest) > 0 {
		t.Errorf("the idle connection got %q, %v", rest, err)
	}
	c.Close()
	if err := <-done; err != nil {
		t.Errorf("Serve: %v", err)
	}
	if _, err := net.Dial("tcp", ln.Addr().String()); err == nil {
		t.Error("the port is still open")
	}
}

func TestGracePeriodCutsWhatDoesNotEnd(t *testing.T) {
	cause := make(chan error, 1)
	s := handle(func(w *paf.ResponseWriter, r *paf.Request) {
		<-r.Context().Done()
		cause <- context.Cause(r.Context())
	})
	s.GracePeriod = 50 * time.Millisecond
	ln := testkit.Listen(t)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, ln) }()
	c := dial(t, ln.Addr().String())
	fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	for s.Stats().Active == 0 {
		time.Sleep(time.Millisecond)
	}
	stop()
	if err := <-done; err != nil {
		t.Errorf("Serve: %v", err)
	}
	if err := <-cause; !errors.Is(err, paf.ErrStopped) {
		t.Errorf("cause %v", err)
	}
}

func TestShutdownThenServeFails(t *testing.T) {
	s := handle(hello)
	if err := s.Shutdown(context.Background()); err != nil {
		t.Fatal(err)
	}
	ln := testkit.Listen(t)
	if err := s.Serve(context.Background(), ln); !errors.Is(err, paf.ErrStopped) {
		t.Errorf("got %v", err)
	}
}

func TestHeadLargerThanAnyBufferIsTakenIfTheLimitAllows(t *testing.T) {
	s := handle(func(w *paf.ResponseWriter, r *paf.Request) { fmt.Fprint(w, len(r.Header.Get("X"))) })
	s.Limits.HeadBytes = 4 << 20
	const size = 3 << 20
	got := exchangeRaw(t, serve(t, s), "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX: "+strings.Repeat("y", size)+"\r\n\r\n")
	if !strings.HasSuffix(got, fmt.Sprintf("\r\n\r\n%d", size)) {
		t.Errorf("got %q", got)
	}
}
