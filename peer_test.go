package paf_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/paftest"
)

// virtually runs f in virtual time beside a server in memory.
func virtually(t *testing.T, s *paf.Server, f func(t *testing.T, s *paftest.Server)) {
	t.Helper()
	if s.Log == nil {
		s.Log = slog.New(slog.DiscardHandler)
	}
	synctest.Test(t, func(t *testing.T) { f(t, paftest.Start(t, s)) })
}

// A rawPeer is a client that writes and reads what it likes.
type rawPeer struct {
	flow.Flow
	t  *testing.T
	in *bufio.Reader
}

func newPeer(t *testing.T, s interface{ Dial() (flow.Flow, error) }) *rawPeer {
	t.Helper()
	f, err := s.Dial()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return &rawPeer{f, t, bufio.NewReader(f)}
}

// send writes text, which fails if the server has gone.
func (p *rawPeer) send(text string) error {
	_, err := io.WriteString(p, text)
	return err
}

// answer reads a response: its status, its content, and whether the server says that it closes.
func (p *rawPeer) answer() string {
	p.t.Helper()
	resp, err := http.ReadResponse(p.in, nil)
	if err != nil {
		return err.Error()
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Sprintf("%d %s: %v", resp.StatusCode, body, err)
	}
	return strings.TrimSpace(fmt.Sprintf("%d %s %s", resp.StatusCode, body, map[bool]string{true: "close"}[resp.Close]))
}

// ended reads to the end of what the server sends and returns how long that took from start.
func (p *rawPeer) ended(start time.Time) time.Duration {
	p.t.Helper()
	if rest, err := io.ReadAll(p.in); err != nil || len(rest) > 0 {
		p.t.Errorf("after the last response came %q, %v", rest, err)
	}
	return time.Since(start)
}

// gone waits until the server has done with its connections, and returns how long that took from start.
func gone(s *paftest.Server, start time.Time) time.Duration {
	for s.Stats().Conns > 0 {
		time.Sleep(10 * time.Millisecond)
	}
	return time.Since(start)
}

// about reports whether d is want, to a tick of the sweeper and a little.
func about(d, want time.Duration) bool { return d >= want && d <= want+600*time.Millisecond }

// trickle sends a byte after each pause until it fails.
func (p *rawPeer) trickle(ctx context.Context, pause time.Duration) {
	for p.send("x") == nil {
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

// head reads the head of a response to a method; of its content, what that has.
func (p *rawPeer) head(method string) *http.Response {
	p.t.Helper()
	resp, err := http.ReadResponse(p.in, &http.Request{Method: method})
	if err != nil {
		p.t.Fatal(err)
	}
	return resp
}

// speakH2 answers the head of each request with the frames that answer gives for its stream.
func (p *rawPeer) speakH2(answer func(stream string) string) {
	_ = p.send("\x00\x00\x00\x04\x00\x00\x00\x00\x00") // SETTINGS
	_, _ = p.in.Discard(24)
	var head [9]byte
	for {
		if _, err := io.ReadFull(p.in, head[:]); err != nil {
			return
		}
		_, _ = p.in.Discard(int(binary.BigEndian.Uint32(head[:]) >> 8))
		if head[3] == 1 { // HEADERS
			_ = p.send(answer(string(head[5:9])))
		}
	}
}
