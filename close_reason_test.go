package paf_test

import (
	"context"
	"io"
	"maps"
	"testing"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/loop"
	"github.com/paf-go/paf/paftest"
)

// A connection is counted once when it ends, by the reason that came first.
func TestEachConnectionIsCountedOnceByWhatEndedIt(t *testing.T) {
	const get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	leave := func(p *rawPeer, _ *paftest.Server) { p.Close() }
	end := func(p *rawPeer, _ *paftest.Server) { _ = p.Flow.(*flow.PipeEnd).CloseWrite() }
	wait := func(p *rawPeer, _ *paftest.Server) { time.Sleep(10 * time.Minute) }
	reset := func(p *rawPeer, _ *paftest.Server) { _ = p.Flow.(*flow.PipeEnd).Reset() }
	shutdown := func(_ *rawPeer, s *paftest.Server) { _ = s.Shutdown(t.Context()) }
	cut := func(_ *rawPeer, s *paftest.Server) { _ = s.Shutdown(cancelled) }
	for _, test := range []struct {
		name string
		send string
		then func(p *rawPeer, s *paftest.Server) // once the server has done all it can
		want loop.CloseReason
	}{
		{"the client says close", last, leave, loop.Finished},
		{"the client says close and stays", last, wait, loop.Finished},
		{"the client says close and then resets", last, reset, loop.Finished},
		{"the client says close and ends its side", "GET /watch HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", end, loop.Finished},
		{"the handler says close", "GET /close HTTP/1.1\r\nHost: x\r\n\r\n", leave, loop.Finished},
		{"HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", leave, loop.Finished},
		{"too much content is left", sized("/", string(make([]byte, 2000))), leave, loop.Finished},

		{"never used", "", leave, loop.PeerClosed},
		{"between two requests", get, leave, loop.PeerClosed},
		{"between later requests", get + get + get, leave, loop.PeerClosed},
		{"it ends its side in an exchange", "GET /watch HTTP/1.1\r\nHost: x\r\n\r\n", end, loop.PeerClosed},
		{"after a refused request", "rubbish\r\n\r\n", leave, loop.Broken},

		{"no head", "", wait, loop.TimedOut},
		{"half a head", "GET / HT", wait, loop.TimedOut},
		{"half a second head", get + "GET / HT", wait, loop.TimedOut},
		{"no second head", get, wait, loop.TimedOut},
		{"no content", "POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n", wait, loop.TimedOut},
		{"an answer that nobody takes", "GET /endless HTTP/1.1\r\nHost: x\r\n\r\n", wait, loop.TimedOut},

		{"half a head and gone", "GET / HT", leave, loop.Broken},
		{"half the content and gone", "POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhe", leave, loop.Broken},
		{"reset", "", reset, loop.Broken},
		{"reset between two requests", get, reset, loop.Broken},
		{"an answer that nobody can take", "GET /endless HTTP/1.1\r\nHost: x\r\n\r\n", leave, loop.Broken},

		{"the handler abandons", "GET /abort HTTP/1.1\r\nHost: x\r\n\r\n", wait, loop.Aborted},
		{"the handler panics halfway", "GET /panic HTTP/1.1\r\nHost: x\r\n\r\n", wait, loop.Aborted},
		{"the handler ends its goroutine", "GET /exit HTTP/1.1\r\nHost: x\r\n\r\n", wait, loop.Aborted},
		{"the handler gives less than it declared", "GET /less HTTP/1.1\r\nHost: x\r\n\r\n", wait, loop.Aborted},

		{"stopped unused", "", shutdown, loop.Stopped},
		{"stopped between two requests", get, shutdown, loop.Stopped},
		{"stopped in an exchange", "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n", shutdown, loop.Stopped},
		{"cut in an exchange", "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n", cut, loop.Stopped},
		{"cut while reading", "POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n", cut, loop.Stopped},

		{"switched", "GET /switch HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: other\r\n\r\n", wait, loop.Taken},
		{"tunnel", "CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n\r\n", wait, loop.Taken},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := handle(endings)
			s.DrainBytes = 1000
			virtually(t, s, func(t *testing.T, s *paftest.Server) {
				p := newPeer(t, s)
				_ = p.send(test.send)
				time.Sleep(time.Second)
				test.then(p, s)
				gone(s, time.Now())
				stats := s.Stats()
				if want := map[loop.CloseReason]uint64{test.want: 1}; !maps.Equal(stats.Closed, want) || stats.Opened != 1 || stats.Active != 0 || stats.Idle != 0 {
					t.Errorf("counted %+v, want %v", stats, want)
				}
			})
		})
	}
}

// endings is a handler that ends in several ways.
func endings(w *paf.ResponseWriter, r *paf.Request) {
	switch r.Path {
	case "/close":
		w.Header().Set("Connection", "close")
	case "/read":
		_, _ = io.Copy(io.Discard, r.Body)
	case "/endless":
		_, _ = io.Copy(w, endless{})
	case "/abort":
		panic(paf.ErrAbort)
	case "/panic":
		_, _ = w.WriteString("half")
		_ = w.Flush()
		panic("a bug")
	case "/exit":
		exit()
	case "/less":
		w.Header().Set("Content-Length", "10")
		_, _ = w.WriteString("half")
	case "/watch":
		_ = r.Context().Err()
		time.Sleep(3 * time.Second)
	case "/slow":
		time.Sleep(3 * time.Second)
	case "/switch":
		w.Header().Set("Upgrade", "other")
		w.WriteHeader(101)
	}
}
