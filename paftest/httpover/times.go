package httpover

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/flow"
)

// times are the cases of time-outs and deadlines. What they claim is that something ends, not before its time, and how; a busy machine
// may take longer.
var times = []testCase{
	{claim: "AHeadThatDoesNotComeIsGivenUp", run: headTimeout, waits: true},
	{claim: "ContentThatDoesNotComeIsAnswered408", run: contentTimeout, waits: true},
	{claim: "AReadDeadlineEndsTheWaitForContent", run: readDeadline, waits: true},
	{claim: "AWriteDeadlineEndsTheWaitForTheClient", run: writeDeadline, waits: true},
	{claim: "AClientThatDoesNotReadIsCutOff", run: writeTimeout, waits: true},
	{claim: "AServerThatDoesNotReadIsGivenUp", run: uploadTimeout, waits: true},
	{claim: "TheServerClosesIdleConnections", run: serverIdle, waits: true},
	{claim: "TheClientClosesIdleConnections", run: clientIdle, waits: true},
	{claim: "ContentThatWasLeftUnreadIsNotWaitedForForever", run: drainTimeout, waits: true, only: paf.HTTP11},
	{claim: "AClientThatDoesNotCloseIsNotWaitedForForever", run: lingerTimeout, waits: true},
	{claim: "AResponseThatDoesNotComeIsGivenUp", run: responseTimeout, waits: true},
	{claim: "AResponseThatDoesNotGoOnIsGivenUp", run: responseStalls, waits: true},
	{claim: "AServerThatSaysNothingIsGivenUp", run: silence, waits: true},
	{claim: "TheDeadlineOfARequestEndsIt", run: requestDeadline, waits: true},
}

// short is how long a time-out is that is waited for.
const short = 60 * time.Millisecond

// handshakes is the same where a handshake has to be over by then.
const handshakes = 8 * short

// lasts calls f, which must take as long as d, but for what a coarse clock is off. Outside a bubble that is as much as the machine is late.
func (p *place) lasts(what string, d time.Duration, f func()) {
	p.Helper()
	start := time.Now()
	f()
	if took := time.Since(start); p.bubble && took < d*3/4 || took > patience {
		p.Errorf("%s took %v, and should have taken %v", what, took, d)
	}
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout() || errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded)
}

func headTimeout(p *place) {
	s := p.serve(say("hello"), func(s *paf.Server) { s.Limits.HeadTimeout = handshakes })
	begin, want := "GET / HTTP/1.1\r\nHost: x\r\nX-Slow", "HTTP/1.1 408 "
	if p.protocol == paf.HTTP2 {
		begin, want = preface[:20], "" // as little as tells HTTP/2
	}
	p.lasts("a head", handshakes, func() {
		half := p.rawInTime()
		if half == nil {
			return
		}
		half.send(begin)
		if got := half.rest(); p.deadlines && !strings.HasPrefix(got, want) {
			p.Errorf("answered %q", got)
		}
		_ = half.Close()
	})
	p.lasts("silence", handshakes, func() {
		if silent := p.rawInTime(); silent != nil {
			silent.rest()
			_ = silent.Close()
		}
	})
	p.emptied(s)
}

// rawInTime is raw where a handshake has no longer than a head has: nil if the machine was too slow for it.
func (p *place) rawInTime() *rawPeer {
	p.Helper()
	f, err := p.dial(p.Context())
	if err != nil && p.secured {
		p.Logf("the handshake was not over in time: %v", err)
		return nil
	}
	if err != nil {
		p.Fatal(err)
	}
	p.Cleanup(func() { _ = f.Close() })
	return &rawPeer{p, f}
}

// stalled is content of which the first bytes come. It ends with the case.
func (p *place) stalled() io.Reader {
	body, up := io.Pipe()
	go func() { _, _ = io.WriteString(up, "some") }()
	p.Cleanup(func() { _ = up.Close() })
	return body
}

func contentTimeout(p *place) {
	failed := make(chan error, 1)
	p.serve(func(_ *paf.ResponseWriter, r *paf.Request) {
		_, err := io.Copy(io.Discard, r.Body)
		failed <- err
	}, func(s *paf.Server) { s.Limits.ContentTimeout = short })
	c := p.client()
	p.lasts("content", short, func() {
		if !p.deadlines { // the flow has to be closed for it
			_ = p.fails(p.Context(), c, p.request("POST", "/", p.stalled()))
			return
		}
		resp := p.do(c, p.request("POST", "/", p.stalled()))
		if p.text(resp); resp.Status != 408 {
			p.Errorf("answered %d", resp.Status)
		}
	})
	if err := <-failed; !isTimeout(err) {
		p.Errorf("the handler was told %v", err)
	}
}

func readDeadline(p *place) {
	failed := make(chan error, 1)
	c := p.both(func(w *paf.ResponseWriter, r *paf.Request) {
		r.SetReadDeadline(time.Now().Add(short))
		_, err := io.Copy(io.Discard, r.Body)
		failed <- err
		_, _ = w.WriteString("too slow")
	})
	p.lasts("content", short, func() {
		if !p.deadlines && p.protocol == paf.HTTP11 {
			_ = p.fails(p.Context(), c, p.request("POST", "/", p.stalled()))
			return
		}
		if got := p.text(p.do(c, p.request("POST", "/", p.stalled()))); got != "too slow" {
			p.Errorf("answered %q", got)
		}
	})
	if err := <-failed; !errors.Is(err, os.ErrDeadlineExceeded) {
		p.Errorf("the handler was told %v", err)
	}
}

// unread gets a response that never ends, and does not read it; failed is what the handler's writing has failed with.
func (p *place) unread(c *paf.Client, failed <-chan error, want time.Duration) {
	p.lasts("writing", want, func() {
		resp := p.do(c, p.request("GET", "/", nil))
		var err error
		select {
		case err = <-failed:
		case <-p.late():
			p.Fatal("the handler goes on writing")
		}
		if err == nil {
			p.Error("an endless response has ended well")
		}
		if _, err := io.Copy(io.Discard, resp.Body); err == nil {
			p.Error("what was cut off was taken for whole")
		}
		_ = resp.Body.Close()
	})
}

func writeDeadline(p *place) {
	failed := make(chan error, 1)
	s := p.serve(func(w *paf.ResponseWriter, r *paf.Request) {
		w.SetWriteDeadline(time.Now().Add(short))
		_, err := io.Copy(w, endless{})
		failed <- err
	})
	c := p.client()
	p.unread(c, failed, short)
	p.eventually("the exchange is over", func() bool { return s.Stats().Active == 0 })
}

func writeTimeout(p *place) {
	failed := make(chan error, 1)
	s := p.serve(func(w *paf.ResponseWriter, r *paf.Request) {
		_, err := io.Copy(w, endless{})
		failed <- err
	}, func(s *paf.Server) { s.WriteTimeout, s.Limits.StallTimeout = short, short })
	c := p.client()
	p.unread(c, failed, short)
	p.eventually("the exchange is over", func() bool { return s.Stats().Active == 0 })
}

func uploadTimeout(p *place) {
	givenUp := make(chan struct{})
	p.serve(func(_ *paf.ResponseWriter, r *paf.Request) {
		p.held(givenUp, "the client to give up")
		if r.Protocol == paf.HTTP2 {
			p.held(r.Context().Done(), "its context to end")
			return
		}
		lose(r.Flow()) // the client would wait for a word
	})
	c := p.client(func(c *paf.Client) { c.WriteTimeout, c.Limits.StallTimeout, c.MaxRetries = short, short, -1 })
	r := p.request("POST", "/", endless{})
	r.Length = 1 << 40
	r.Options = &paf.SendOptions{Trace: &paf.Trace{Wrote: func(error) { close(givenUp) }}}
	p.lasts("sending", short, func() {
		if err := p.fails(p.Context(), c, r); !isTimeout(err) {
			p.Errorf("the caller was told %v", err)
		}
	})
}

func serverIdle(p *place) {
	s := p.serve(say("hello"), func(s *paf.Server) { s.Limits.IdleTimeout = short })
	c := p.client()
	for range 2 {
		p.lasts("an idle connection", short, func() {
			if got := p.get(c, "/"); got != "hello" {
				p.Errorf("%q", got)
			}
			p.emptied(s)
		})
	}
}

func clientIdle(p *place) {
	s := p.serve(say("hello"))
	c := p.client(func(c *paf.Client) { c.Limits.IdleTimeout = short })
	p.lasts("an idle connection", short, func() {
		if got := p.get(c, "/"); got != "hello" {
			p.Errorf("%q", got)
		}
		p.eventually("the client has no connection left", func() bool { return c.Stats().Conns == 0 })
	})
	p.emptied(s)
}

func drainTimeout(p *place) {
	s := p.serve(say("hello"), func(s *paf.Server) { s.DrainTimeout, s.LingerTimeout = short, short })
	raw := p.raw()
	p.lasts("what is left of the content", short, func() {
		raw.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nsome")
		if got := raw.rest(); !strings.HasPrefix(got, "HTTP/1.1 200 ") || !strings.HasSuffix(got, "\r\n\r\nhello") {
			p.Errorf("%q", got)
		}
	})
	p.emptied(s)
}

func lingerTimeout(p *place) {
	s := p.serve(say("hello"), func(s *paf.Server) { s.LingerTimeout = short })
	raw := p.raw()
	raw.send("GET / HTTP/1.1\r\nHost : rubbish\r\n\r\n")
	if p.protocol == paf.HTTP2 {
		raw.send(preface + "\x00\x00\x00\x04\x00\x00\x00\x00\x01")
	}
	go raw.rest() // and does not close
	p.emptied(s)
	_ = raw.Close()
}

func responseTimeout(p *place) {
	release := make(chan struct{})
	p.serve(func(*paf.ResponseWriter, *paf.Request) { p.held(release, "the client to give up") })
	c := p.client(func(c *paf.Client) { c.Limits.ResponseTimeout, c.MaxRetries = short, -1 })
	p.lasts("a response", short, func() {
		if err := p.fails(p.Context(), c, p.request("GET", "/", nil)); !isTimeout(err) {
			p.Errorf("the caller was told %v", err)
		}
	})
	close(release)
}

func responseStalls(p *place) {
	release := make(chan struct{})
	p.serve(func(w *paf.ResponseWriter, _ *paf.Request) {
		_, _ = w.WriteString("some")
		_ = w.Flush()
		p.held(release, "the client to give up")
	})
	c := p.client(func(c *paf.Client) { c.Limits.ContentTimeout = short })
	p.lasts("content", short, func() {
		if err := p.fails(p.Context(), c, p.request("GET", "/", nil)); !isTimeout(err) {
			p.Errorf("the caller was told %v", err)
		}
	})
	close(release)
}

// silence accepts and says nothing: neither in a handshake nor afterwards.
func silence(p *place) {
	accepted := make(chan struct{})
	var all []flow.Flow
	go func() {
		defer close(accepted)
		for {
			c, err := p.ln.Accept()
			if err != nil {
				return
			}
			all = append(all, c)
		}
	}()
	c := p.client(func(c *paf.Client) {
		c.OpenTimeout, c.MaxRetries = short, -1
		c.Limits = engine.Limits{ResponseTimeout: short}
	})
	p.lasts("silence", short, func() {
		if err := p.fails(p.Context(), c, p.request("GET", "/", nil)); !isTimeout(err) {
			p.Errorf("the caller was told %v", err)
		}
	})
	_ = p.ln.Close()
	<-accepted
	for _, f := range all {
		_ = f.Close()
	}
}

func requestDeadline(p *place) {
	c := p.both(func(w *paf.ResponseWriter, r *paf.Request) {
		if r.Path == "/content" {
			_ = w.Flush()
		}
		p.held(r.Context().Done(), "its context to end")
	})
	for _, path := range []string{"/head", "/content"} {
		p.lasts(path, short, func() {
			ctx, cancel := context.WithTimeout(p.Context(), short)
			defer cancel()
			if err := p.fails(ctx, c, p.request("GET", path, nil)); !errors.Is(err, context.DeadlineExceeded) {
				p.Errorf("%s: the caller was told %v", path, err)
			}
		})
	}
}
