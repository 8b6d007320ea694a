package httpover

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/paf-go/paf"
)

// together are the cases of what goes on at the same time.
var together = []testCase{
	{claim: "BothDirectionsGoAtOnce", run: fullDuplex},
	{claim: "FlushSendsWhatIsThere", run: flushSends},
	{claim: "PipelinedRequestsAreAnsweredInOrder", run: pipelined, only: paf.HTTP11},
	{claim: "StreamsShareAConnection", run: streamsShare, only: paf.HTTP2},
	{claim: "ManyExchangesAtATimeArriveWhole", run: manyAtATime},
	{claim: "AHandlerThatWaitsDelaysNobody", run: waitingDelaysNobody},
	{claim: "AResponseThatIsNotReadDelaysNobody", run: unreadDelaysNobody},
}

// fullDuplex answers each line of a request before the next one is sent.
func fullDuplex(p *place) {
	c := p.both(func(w *paf.ResponseWriter, r *paf.Request) {
		if err := w.Flush(); err != nil {
			p.Error(err)
		}
		for lines := bufio.NewScanner(r.Body); lines.Scan(); {
			fmt.Fprintln(w, strings.ToUpper(lines.Text()))
			if err := w.Flush(); err != nil {
				p.Error(err)
			}
		}
	})
	body, up := io.Pipe()
	resp := p.do(c, p.request("POST", "/", body))
	down := bufio.NewReader(resp.Body)
	for i := range 50 {
		if _, err := fmt.Fprintf(up, "line %d\n", i); err != nil {
			p.Fatal(err)
		}
		if got, err := down.ReadString('\n'); err != nil || got != fmt.Sprintf("LINE %d\n", i) {
			p.Fatalf("%q, %v", got, err)
		}
	}
	_ = up.Close()
	if rest, err := io.ReadAll(down); err != nil || len(rest) > 0 {
		p.Errorf("at the end came %q, %v", rest, err)
	}
	_ = resp.Body.Close()
}

func flushSends(p *place) {
	arrived := make(chan struct{})
	c := p.both(func(w *paf.ResponseWriter, _ *paf.Request) {
		for _, part := range []string{"", "first", "second"} {
			_, _ = w.WriteString(part)
			if err := w.Flush(); err != nil {
				p.Error(err)
			}
			p.held(arrived, "what was flushed to arrive")
		}
	})
	resp := p.do(c, p.request("GET", "/", nil))
	for _, part := range []string{"", "first", "second"} {
		got := make([]byte, len(part))
		if _, err := io.ReadFull(resp.Body, got); err != nil || string(got) != part {
			p.Fatalf("%q, %v", got, err)
		}
		arrived <- struct{}{}
	}
	if got := p.text(resp); got != "" {
		p.Errorf("at the end came %q", got)
	}
}

// pipelined sends requests, with content and without, before it reads the first answer.
func pipelined(p *place) {
	const n = 60
	p.serve(echo)
	raw := p.raw()
	var all strings.Builder
	for i := range n {
		if i%3 == 0 {
			fmt.Fprintf(&all, "GET /%d HTTP/1.1\r\nHost: flow.test\r\n\r\n", i)
			continue
		}
		text := strings.Repeat(fmt.Sprint(i, " "), i*10)
		fmt.Fprintf(&all, "POST /%d HTTP/1.1\r\nHost: flow.test\r\nContent-Length: %d\r\n\r\n%s", i, len(text), text)
	}
	fmt.Fprint(&all, "GET /last HTTP/1.1\r\nHost: flow.test\r\nConnection: close\r\n\r\n")
	go raw.send(all.String())
	rest := raw.rest()
	for i := range n {
		_, after, found := strings.Cut(rest, fmt.Sprintf("X-Target: /%d?\r\n", i))
		if !found {
			p.Fatalf("the answer to request %d is not behind those before", i)
		}
		rest = after
		if text := strings.Repeat(fmt.Sprint(i, " "), i*10); i%3 != 0 && !strings.Contains(rest, "\r\n\r\n"+text) {
			p.Errorf("the answer to request %d is not its content", i)
		}
	}
	if !strings.Contains(rest, "X-Target: /last?\r\n") {
		p.Error("the last request was not answered")
	}
}

// streamsShare has exchanges that are all open at once, on one connection.
func streamsShare(p *place) {
	const n = 100
	var begun sync.WaitGroup
	begun.Add(n)
	all := make(chan struct{})
	go func() {
		begun.Wait()
		close(all)
	}()
	c := p.both(func(w *paf.ResponseWriter, r *paf.Request) {
		begun.Done()
		p.held(all, "all streams to be open")
		echo(w, r)
	})
	p.crowd(n, func(i int) error { return p.roundTrip(c, 20_000, uint64(i)) })
	if opened := c.Stats().Opened; opened != 1 {
		p.Errorf("%d connections were opened", opened)
	}
}

func manyAtATime(p *place) {
	c := p.both(echo)
	p.crowd(16, func(i int) error {
		for j, n := range []int64{0, 1000, 100_000, 1, 400_000} {
			if err := p.roundTrip(c, n, uint64(i*10+j)); err != nil {
				return err
			}
		}
		return nil
	})
}

// crowd calls f from n goroutines at a time.
func (p *place) crowd(n int, f func(i int) error) {
	p.Helper()
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			if err := f(i); err != nil {
				p.Error(err)
			}
		})
	}
	all.Wait()
}

// roundTrip sends content to an echo and reads it again.
func (p *place) roundTrip(c *paf.Client, n int64, seed uint64) error {
	return p.roundTripTo(c, "/echo", n, seed)
}

func (p *place) roundTripTo(c *paf.Client, path string, n int64, seed uint64) error {
	r, err := paf.NewRequest("POST", p.url(path), content(n, seed))
	if err != nil {
		return err
	}
	resp, err := c.Do(p.Context(), r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	return same(resp.Body, n, seed)
}

func waitingDelaysNobody(p *place) {
	release := make(chan struct{})
	var waiting atomic.Int32
	c := p.both(func(w *paf.ResponseWriter, r *paf.Request) {
		if r.Path == "/wait" {
			waiting.Add(1)
			p.held(release, "its release")
		}
		echo(w, r)
	})
	const n = 5
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			r, _ := paf.NewRequest("GET", p.url("/wait"), nil)
			resp, err := c.Do(p.Context(), r)
			if err != nil {
				p.Error(err)
				return
			}
			_ = resp.Body.Close()
		})
	}
	p.eventually("all wait", func() bool { return waiting.Load() == n })
	for i := range 20 {
		if err := p.roundTrip(c, int64(i*1000), uint64(i)); err != nil {
			p.Error(err)
		}
	}
	close(release)
	all.Wait()
}

// unreadDelaysNobody has responses that fill every buffer and window of theirs, and are not read.
func unreadDelaysNobody(p *place) {
	const size = 6 << 20
	c := p.both(func(w *paf.ResponseWriter, r *paf.Request) {
		if r.Path == "/big" {
			_, _ = io.Copy(w, content(size, 1))
			return
		}
		echo(w, r)
	})
	unread := []*paf.Response{p.do(c, p.request("GET", "/big", nil)), p.do(c, p.request("GET", "/big", nil))}
	for i := range 10 {
		if err := p.roundTrip(c, 50_000, uint64(i)); err != nil {
			p.Error(err)
		}
	}
	for _, resp := range unread {
		if err := same(resp.Body, size, 1); err != nil {
			p.Error(err)
		}
		_ = resp.Body.Close()
	}
}
