package report

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hinshun/vt10x"
	"github.com/paf-go/paf/cmd/paf/internal/load/record"
)

// snapshot returns what a recorder says after some seconds.
func snapshot(seconds int) *record.Snapshot {
	r := record.NewRecorder(record.Settings{Target: "http://127.0.0.1:8080/", Protocol: "HTTP/2", Connections: 2, Streams: 10, Duration: 30 * time.Second}, began)
	s := r.Shard()
	r.Connected(100e3, 0)
	r.Connected(100e3, 0)
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

// A screen is a terminal that is looked at: a line ends as the driver of a terminal makes it end.
type screen struct{ vt10x.Terminal }

func (s screen) Write(text []byte) (int, error) {
	_, err := s.Terminal.Write(bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n")))
	return len(text), err
}

// shown returns what stands on the screen.
func (s screen) shown() string {
	var lines []string
	for _, line := range strings.Split(s.String(), "\n") {
		lines = append(lines, strings.TrimRight(line, " "))
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n") + "\n"
}

func TestLiveDrawsOverItself(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {100, 30}, {50, 12}} {
		columns, lines := size[0], size[1]
		s := screen{vt10x.New(vt10x.WithSize(columns, lines))}
		fmt.Fprintln(s, "$ paf load ...")
		l := NewLive(s, func() (int, int) { return columns, lines })
		for _, seconds := range []int{12, 0, 3, 12, 12, 12} { // the view gets shorter, and longer
			if err := l.Show(snapshot(seconds)); err != nil {
				t.Fatal(err)
			}
		}
		golden(t, fmt.Sprintf("live-%d.txt", columns), s.shown())
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if left := strings.TrimPrefix(s.shown(), "$ paf load ..."); strings.TrimSpace(left) != "" {
			t.Errorf("of the view there is left: %s", left)
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
