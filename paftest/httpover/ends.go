package httpover

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/flow"
)

// ends are the cases of exchanges that one side gives up, and of peers that are lost.
var ends = []testCase{
	{claim: "CancellingARequestTellsItsHandler", run: cancelTells},
	{claim: "CancellingADownloadEndsIt", run: cancelDownload},
	{claim: "CancellingAnUploadEndsIt", run: cancelUpload},
	{claim: "AResponseMayComeBeforeTheContentHasGone", run: earlyResponse},
	{claim: "ContentThatFailsIsNeverTakenForWhole", run: contentFails},
	{claim: "TheLossOfTheClientIsNoticedInEachPhase", run: clientIsLost},
	{claim: "TheLossOfTheServerIsNoticedInEachPhase", run: serverIsLost},
	{claim: "AResponseHeadThatBreaksOffIsAnError", run: headBreaksOff, only: paf.HTTP11},
	{claim: "CancellingAtAnyTimeLeavesNothing", run: cancelAnywhere},
}

var errEnough = errors.New("the case has had enough")

func cancelTells(p *place) {
	inside, told := make(chan struct{}), make(chan error, 1)
	s := p.serve(func(_ *paf.ResponseWriter, r *paf.Request) {
		close(inside)
		p.held(r.Context().Done(), "its context to end")
		told <- context.Cause(r.Context())
	})
	c := p.client()
	ctx, cancel := context.WithCancelCause(p.Context())
	go func() {
		<-inside
		cancel(errEnough)
	}()
	if err := p.fails(ctx, c, p.request("GET", "/", nil)); !errors.Is(err, errEnough) {
		p.Errorf("the caller was told %v", err)
	}
	if err := <-told; !errors.Is(err, paf.ErrPeerGone) {
		p.Errorf("the handler was told %v", err)
	}
	p.eventually("the exchange is over", func() bool { return s.Stats().Active == 0 })
}

func cancelDownload(p *place) {
	stopped := make(chan error, 1)
	c := p.both(func(w *paf.ResponseWriter, _ *paf.Request) {
		_, err := io.Copy(w, endless{})
		stopped <- err
	})
	for _, how := range []string{"context", "close"} {
		ctx, cancel := context.WithCancelCause(p.Context())
		resp, err := c.Do(ctx, p.request("GET", "/", nil))
		if err != nil {
			p.Fatal(err)
		}
		if _, err := io.CopyN(io.Discard, resp.Body, 300_000); err != nil {
			p.Error(err)
		}
		if how == "close" {
			_ = resp.Body.Close()
		} else {
			cancel(errEnough)
			if _, err := io.Copy(io.Discard, resp.Body); !errors.Is(err, errEnough) {
				p.Errorf("the content ended with %v", err)
			}
			_ = resp.Body.Close()
		}
		if err := <-stopped; !errors.Is(err, paf.ErrPeerGone) {
			p.Errorf("%s: the handler's writing ended with %v", how, err)
		}
		cancel(nil)
	}
}

func cancelUpload(p *place) {
	begun, stopped := make(chan struct{}), make(chan error, 1)
	c := p.both(func(_ *paf.ResponseWriter, r *paf.Request) {
		_, err := io.CopyN(io.Discard, r.Body, 300_000)
		close(begun)
		if err == nil {
			_, err = io.Copy(io.Discard, r.Body)
		}
		stopped <- err
	})
	ctx, cancel := context.WithCancelCause(p.Context())
	go func() {
		<-begun
		cancel(errEnough)
	}()
	r := p.request("POST", "/", endless{})
	r.Length = 1 << 40
	if err := p.fails(ctx, c, r); !errors.Is(err, errEnough) {
		p.Errorf("the caller was told %v", err)
	}
	if err := <-stopped; err == nil {
		p.Error("the handler took the content for whole")
	}
}

// earlyResponse answers, and ends, while content is still to come: the client gets the answer, and its upload ends.
func earlyResponse(p *place) {
	c := p.both(func(w *paf.ResponseWriter, r *paf.Request) {
		_, _ = io.CopyN(io.Discard, r.Body, 10)
		w.WriteHeader(403)
		_, _ = w.WriteString("enough")
	})
	for range 3 {
		body := &closedBody{Reader: endless{}, closed: make(chan struct{})}
		r := p.request("POST", "/", body)
		r.Length = -1
		resp := p.do(c, r)
		if got := p.text(resp); resp.Status != 403 || got != "enough" {
			p.Errorf("%d %q", resp.Status, got)
		}
		p.wait(body.closed, "the content to be given up")
	}
}

// closedBody tells when it is closed.
type closedBody struct {
	io.Reader
	closed chan struct{}
}

func (b *closedBody) Close() error {
	close(b.closed)
	return nil
}

// brokenBody fails after some content.
type brokenBody struct{ io.Reader }

func (b brokenBody) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err == io.EOF {
		err = errEnough
	}
	return n, err
}

func contentFails(p *place) {
	got := make(chan error, 1)
	c := p.both(func(_ *paf.ResponseWriter, r *paf.Request) {
		_, err := io.Copy(io.Discard, r.Body)
		got <- err
	})
	for _, length := range []int64{-1, 200_000} {
		r := p.request("POST", "/", brokenBody{content(100_000, 1)})
		r.Length = length
		if err := p.fails(p.Context(), c, r); !errors.Is(err, errEnough) {
			p.Errorf("length %d: the caller was told %v", length, err)
		}
		if err := <-got; err == nil {
			p.Errorf("length %d: the handler took it for whole", length)
		}
	}
}

// lose ends a flow as a peer does that crashes, where the flow can tell that from a farewell.
func lose(f flow.Flow) {
	if r := flow.PowersOf(f).Resetter; r != nil {
		_ = r.Reset()
		return
	}
	_ = f.Close()
}

// A phase is a time in an exchange at which a peer is lost.
type phase string

const (
	whileItWaits   phase = "/wait"     // for the response
	whileItSends   phase = "/upload"   // content
	whileItGets    phase = "/download" // content
	beforeTheHead  phase = "/connect"
	whileItIsIdle  phase = "/idle"
	afterAnInterim phase = "/interim"
)

func clientIsLost(p *place) {
	inside, over := make(chan struct{}, 1), make(chan error, 1)
	s := p.serve(func(w *paf.ResponseWriter, r *paf.Request) {
		var err error
		switch phase(r.Path) {
		case whileItWaits:
			inside <- struct{}{}
			p.held(r.Context().Done(), "its context to end")
			err = context.Cause(r.Context())
		case whileItSends:
			_, err = io.CopyN(io.Discard, r.Body, 1000)
			inside <- struct{}{}
			if err == nil {
				_, err = io.Copy(io.Discard, r.Body)
			}
		case whileItGets:
			_, _ = w.WriteString(block)
			_ = w.Flush()
			inside <- struct{}{}
			_, err = io.Copy(w, endless{})
		default:
			inside <- struct{}{}
		}
		over <- err
	})
	for _, ph := range []phase{whileItIsIdle, whileItWaits, whileItSends, whileItGets} {
		var mine flow.Flow
		c := p.client()
		r := p.request("POST", string(ph), nil)
		if ph == whileItSends {
			body, up := io.Pipe()
			r.Body = body
			go func() { _, _ = up.Write([]byte(block[:2000])) }() // and no more
			defer up.Close()
		}
		r.Options = &paf.SendOptions{Connected: func(conn paf.Connection, _ *paf.Request) { mine = conn.Flow() }}
		done := make(chan struct{})
		go func() {
			defer close(done)
			if resp, err := c.Do(p.Context(), r); err == nil {
				_, _ = io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
			}
		}()
		<-inside
		if ph == whileItIsIdle {
			p.wait(done, "the response")
		}
		lose(mine)
		p.wait(done, "the caller to be told")
		select {
		case err := <-over:
			if (err == nil) != (ph == whileItIsIdle) {
				p.Errorf("%s: the handler was told %v", ph, err)
			}
		case <-p.late():
			p.Fatalf("%s: the handler has not been told", ph)
		}
		p.emptied(s)
	}
	raw := p.raw()
	raw.send("GET /half HT")
	p.eventually("the connection is there", func() bool { return s.Stats().Conns == 1 })
	lose(raw)
	p.emptied(s)
}

// late is done when a case has waited for long enough.
func (p *place) late() <-chan struct{} {
	ctx, cancel := context.WithTimeout(p.Context(), patience)
	p.Cleanup(cancel)
	return ctx.Done()
}

func serverIsLost(p *place) {
	s := p.serve(func(w *paf.ResponseWriter, r *paf.Request) {
		switch phase(r.Path) {
		case afterAnInterim:
			w.WriteHeader(103)
		case whileItGets:
			_, _ = w.WriteString(block)
			_ = w.Flush()
		case "/declared":
			w.Header().Set("Content-Length", "1000000")
			_, _ = w.WriteString(block)
			_ = w.Flush()
		case whileItSends:
			_, _ = io.CopyN(io.Discard, r.Body, 100_000)
		}
		lose(r.Flow())
	})
	c := p.client()
	for _, ph := range []phase{whileItWaits, afterAnInterim, whileItGets, "/declared", whileItSends} {
		r := p.request("POST", string(ph), nil)
		if ph == whileItSends {
			r.Body, r.Length = endless{}, 1<<40
		}
		err := p.fails(p.Context(), c, r)
		if err == io.EOF {
			p.Errorf("%s: the end was taken for one that was meant", ph)
		}
		var unsent *paf.SendError
		if errors.As(err, &unsent) && !unsent.Sent {
			p.Errorf("%s: the request is said not to have been sent: %v", ph, err)
		}
		p.emptied(s)
	}
	p.eventually("the client has no connection left", func() bool { return c.Stats().Conns == 0 })
}

// headBreaksOff is the server by itself.
func headBreaksOff(p *place) {
	c := p.client(func(c *paf.Client) { c.MaxRetries = -1 })
	for _, text := range []string{"", "HTTP/1.1 200 OK\r\nContent-", "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", "rubbish\r\n\r\n"} {
		go func() {
			peer, err := p.ln.Accept()
			if err != nil {
				p.Error(err)
				return
			}
			raw := &rawPeer{p, flow.Conn(peer)}
			if head := raw.head(); !strings.HasPrefix(head, "GET / HTTP/1.1\r\n") {
				p.Errorf("%q", head)
			}
			raw.send(text)
			_ = raw.Close()
		}()
		if err := p.fails(p.Context(), c, p.request("GET", "/", nil)); err == io.EOF {
			p.Errorf("%q was taken for a response", text)
		}
	}
}

// cancelAnywhere gives exchanges up at all times; that nothing is left is looked at when the case ends.
func cancelAnywhere(p *place) {
	c := p.both(echo)
	p.crowd(4, func(i int) error {
		for j := range 15 {
			ctx, cancel := context.WithCancel(p.Context())
			n := int64(i*40_000 + j*7_000)
			r, err := paf.NewRequest("POST", p.url("/"), &cancelling{content(n, 1), n * int64(j) / 20, cancel})
			if err != nil {
				return err
			}
			resp, err := c.Do(ctx, r)
			if err == nil {
				_, _ = io.CopyN(io.Discard, resp.Body, n*int64(j)/16)
				cancel()
				_ = resp.Body.Close()
			}
			cancel()
		}
		return nil
	})
	if err := p.roundTrip(c, 100_000, 1); err != nil {
		p.Error(fmt.Errorf("afterwards: %w", err))
	}
}

// cancelling is content that cancels its request at some byte.
type cancelling struct {
	io.Reader
	left   int64
	cancel func()
}

func (b *cancelling) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if b.left -= int64(n); b.left < 0 {
		b.cancel()
	}
	return n, err
}
