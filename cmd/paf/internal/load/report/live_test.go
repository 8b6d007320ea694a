package report

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/paf-go/paf/cmd/paf/internal/load/record"
)

// snapshot returns what a recorder says after some seconds.
func snapshot(seconds int) *record.Snapshot {
	r := record.NewRecorder(record.Settings{Target: "http://127.0.0.1:8080/", Protocol: "HTTP/2", Connections: 2, Streams: 10, Duration: 30 * time.Second}, began)
	s := r.Shard()
	s.Connected(100e3, 0)
	s.Connected(100e3, 0)
	for at := int64(0); at < int64(seconds)*1e9; at += 1e6 + at/1e4 {
		s.InFlight(at, 1)
		s.Done(at, at, at+50e3, at+100e3+at%7e6, 200, 1200, 100)
		s.InFlight(at+200e3, -1)
	}
	for i := range int64(seconds) {
		s.Failed(i*1e9, i*1e9+5e6, "time-out", errors.New("none"))
	}
	s.Failed(0, 5e6, "reset\x1b[2J", errors.New("none"))
	s.InFlight(int64(seconds)*1e9, 20)
	return r.Snapshot(int64(seconds) * 1e9)
}

func TestLiveDrawsOverItself(t *testing.T) {
	var b strings.Builder
	l := NewLive(&b, func() (int, int) { return 80, 24 })
	for _, seconds := range []int{0, 3, 12} {
		if err := l.Show(snapshot(seconds)); err != nil {
			t.Fatal(err)
		}
	}
	shown := b.String()
	l.Close()
	golden(t, "live.txt", strings.ReplaceAll(b.String(), "\x1b", "ESC"))
	for _, line := range strings.Split(shown, "\n") {
		if line, _, _ = strings.Cut(line, "\x1b"); len([]rune(line)) > 79 {
			t.Errorf("%q would wrap", line)
		}
	}
}

func TestLiveWritesLinesWhereNoTerminalIs(t *testing.T) {
	var b strings.Builder
	l := NewLive(&b, nil)
	for _, seconds := range []int{0, 12} {
		if err := l.Show(snapshot(seconds)); err != nil {
			t.Fatal(err)
		}
	}
	l.Close()
	golden(t, "lines.txt", b.String())
}

func TestLinesAreCutAtTheirColumns(t *testing.T) {
	for _, c := range []struct{ text, want string }{{"abcdef", "abcdef"}, {"abcdefg", "abcde…"}, {"日本語日本", "日本…"}, {"e\u0301e\u0301e\u0301efgh", "e\u0301e\u0301e\u0301ef…"}} {
		if got := cut(c.text, 6); got != c.want {
			t.Errorf("%q is cut to %q, not %q", c.text, got, c.want)
		}
	}
}
