package httpover

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/engine"
)

// limits are the cases of what is too much, or wrong, and of how it is answered.
var limits = []testCase{
	{claim: "RequestsBeyondALimitAreAnsweredSo", run: requestsBeyond},
	{claim: "ResponsesBeyondALimitAreErrors", run: responsesBeyond},
	{claim: "RubbishIsAnswered400", run: rubbish1, only: paf.HTTP11},
	{claim: "RubbishIsAnsweredGOAWAY", run: rubbish2, only: paf.HTTP2},
	{claim: "APanicCostsOneExchange", run: panics},
	{claim: "AResponseThatIsTooShortIsAnError", run: tooShort},
	{claim: "ConnectionsBeyondTheServersLimitWait", run: serverMaxConns},
	{claim: "ExchangesBeyondTheClientsLimitWait", run: clientMaxConns, only: paf.HTTP11},
	{claim: "StreamsBeyondTheServersLimitWait", run: serverStreams, only: paf.HTTP2},
}

func requestsBeyond(p *place) {
	p.serve(func(_ *paf.ResponseWriter, r *paf.Request) { _, _ = io.Copy(io.Discard, r.Body) }, func(s *paf.Server) {
		s.Limits = engine.Limits{HeadBytes: 8 << 10, TargetBytes: 4 << 10, Fields: 20, TrailerBytes: 200, ContentBytes: 50_000}
	})
	c := p.client()
	for _, x := range []struct {
		what   string
		status int
		change func(r *paf.Request)
	}{
		{"no excess", 200, func(r *paf.Request) {}},
		{"the target", 414, func(r *paf.Request) { r.Query = strings.Repeat("q", 5<<10) }},
		{"the head", 431, func(r *paf.Request) { r.Header.Set("X-Long", strings.Repeat("x", 10<<10)) }},
		{"the fields", 431, func(r *paf.Request) {
			for i := range 30 {
				r.Header.Add("X-Many", fmt.Sprint(i))
			}
		}},
		{"the declared content", 413, func(r *paf.Request) { r.Body = strings.NewReader(block) }},
		{"the content", 413, func(r *paf.Request) { r.Body, r.Length = unsized{strings.NewReader(block)}, -1 }},
	} {
		r := p.request("POST", "/", nil)
		x.change(r)
		resp := p.do(c, r)
		if p.text(resp); resp.Status != x.status {
			p.Errorf("%s: answered %d, want %d", x.what, resp.Status, x.status)
		}
	}
}

func responsesBeyond(p *place) {
	p.serve(func(w *paf.ResponseWriter, r *paf.Request) {
		switch r.Path {
		case "/head":
			w.Header().Set("X-Long", strings.Repeat("x", 10<<10))
		case "/declared":
			w.Header().Set("Content-Length", fmt.Sprint(len(block)))
			_, _ = io.WriteString(w, block)
		case "/content":
			_, _ = io.WriteString(w, block)
		case "/interim":
			for range 20 {
				w.WriteHeader(103)
			}
		}
	})
	c := p.client(func(c *paf.Client) {
		c.MaxRetries = -1
		c.Limits = engine.Limits{HeadBytes: 8 << 10, ContentBytes: 50_000, Interim: 5}
	})
	for _, path := range []string{"/head", "/declared", "/content", "/interim"} {
		err := p.fails(p.Context(), c, p.request("GET", path, nil))
		if !errors.Is(err, &engine.Error{Blame: engine.Peer}) {
			p.Errorf("%s: %v, want an error that blames the peer", path, err)
		}
		if got := p.text(p.do(c, p.request("GET", "/good", nil))); got != "" {
			p.Errorf("afterwards: %q", got)
		}
	}
}

func rubbish1(p *place) {
	p.serve(say("hello"))
	for _, text := range []string{"rubbish\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost : x\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"} {
		raw := p.raw()
		raw.send(text)
		if got := raw.rest(); !strings.HasPrefix(got, "HTTP/1.1 400 ") {
			p.Errorf("%q was answered %q", text, got)
		}
		_ = raw.Close()
	}
}

func rubbish2(p *place) {
	p.serve(say("hello"), func(s *paf.Server) { s.LingerTimeout = short }) // for a flow that has no half-close
	for _, text := range []string{"\x00\x00\x00\x04\x00\x00\x00\x00\x01",
		"\x00\x00\x05\x01\x05\x00\x00\x00\x01\xff\xff\xff\xff\xff", "\x00\x00\x01\x00\x00\x00\x00\x00\x07x"} {
		raw := p.raw()
		raw.send(preface + text)
		if got := frames(raw.rest()); len(got) == 0 || got[len(got)-1] != frameGoaway {
			p.Errorf("%q was answered by frames of the types %v", text, got)
		}
		_ = raw.Close()
	}
}

func panics(p *place) {
	inside := make(chan struct{})
	c := p.both(func(w *paf.ResponseWriter, r *paf.Request) {
		switch r.Path {
		case "/early":
			_, _ = w.WriteString("not to be seen")
			panic("early")
		case "/late":
			_, _ = w.WriteString("some")
			_ = w.Flush()
			panic("late")
		case "/abort":
			panic(paf.ErrAbort)
		case "/beside":
			_ = w.Flush()
			p.held(inside, "the panics beside it")
			_, _ = w.WriteString("unharmed")
		}
	})
	beside := p.do(c, p.request("GET", "/beside", nil))
	resp := p.do(c, p.request("GET", "/early", nil))
	if got := p.text(resp); resp.Status != 500 || strings.Contains(got, "seen") {
		p.Errorf("a panic was answered with %d %q", resp.Status, got)
	}
	for _, path := range []string{"/late", "/abort"} {
		if err := p.fails(p.Context(), c, p.request("POST", path, nil)); errors.Is(err, io.EOF) {
			p.Errorf("%s ended with %v", path, err)
		}
	}
	close(inside)
	if got := p.text(beside); got != "unharmed" {
		p.Errorf("beside the panics %q was answered", got)
	}
}

func tooShort(p *place) {
	c := p.both(func(w *paf.ResponseWriter, r *paf.Request) {
		w.Header().Set("Content-Length", "100000")
		if r.Path == "/flushed" {
			_ = w.Flush()
		}
		_, _ = io.Copy(w, content(50_000, 1))
	})
	for _, path := range []string{"/", "/flushed"} {
		if err := p.fails(p.Context(), c, p.request("GET", path, nil)); errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			p.Errorf("%s: %v", path, err)
		}
	}
}

// serverMaxConns has two clients of a server that takes one connection.
func serverMaxConns(p *place) {
	s := p.serve(say("hello"), func(s *paf.Server) { s.MaxConns = 1 })
	first, second := p.client(), p.client(func(c *paf.Client) { c.OpenTimeout = patience })
	if got := p.get(first, "/"); got != "hello" {
		p.Errorf("%q", got)
	}
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		r, _ := paf.NewRequest("GET", p.url("/"), nil)
		resp, err := second.Do(p.Context(), r)
		if err != nil {
			p.Error(err)
			return
		}
		_ = resp.Body.Close()
	}()
	for range 20 {
		if got := p.get(first, "/"); got != "hello" {
			p.Errorf("%q", got)
		}
	}
	if n := s.Stats().Opened; n != 1 {
		p.Errorf("%d connections are served", n)
	}
	first.CloseIdle()
	p.wait(answered, "the answer of the connection that had to wait")
}

func clientMaxConns(p *place) {
	p.serve(echo)
	c := p.client(func(c *paf.Client) { c.MaxConns = 2 })
	p.crowd(12, func(i int) error { return p.roundTrip(c, int64(i*3000), uint64(i)) })
	if n := c.Stats().Opened; n > 2 {
		p.Errorf("%d connections were opened", n)
	}
}

// serverStreams has more exchanges than a connection takes.
func serverStreams(p *place) {
	const most = 3
	var mu sync.Mutex
	var now, total []string
	var over atomic.Bool
	p.serve(func(w *paf.ResponseWriter, r *paf.Request) {
		mu.Lock()
		now, total = append(now, r.Path), append(total, r.Path)
		over.Store(over.Load() || len(now) > most)
		mu.Unlock()
		_, _ = io.Copy(w, r.Body)
		mu.Lock()
		now = slices.DeleteFunc(now, func(x string) bool { return x == r.Path })
		mu.Unlock()
	}, func(s *paf.Server) { s.Limits.Streams = most })
	c := p.client(func(c *paf.Client) { c.MaxConns = 1 })
	p.crowd(20, func(i int) error { // with content that can be sent again: some may be refused before the client knows
		r, err := paf.NewRequest("POST", p.url(fmt.Sprint("/", i)), strings.NewReader(block[:i*3000]))
		if err != nil {
			return err
		}
		resp, err := c.Do(p.Context(), r)
		if err != nil {
			return err
		}
		defer resp.Body.Close() // after its end: what is reset counts until the handler has noticed
		_, err = io.Copy(io.Discard, resp.Body)
		return err
	})
	if over.Load() || len(total) != 20 || c.Stats().Opened != 1 {
		p.Errorf("more than %d streams at a time: %v; %d exchanges on %d connections", most, over.Load(), len(total), c.Stats().Opened)
	}
}
