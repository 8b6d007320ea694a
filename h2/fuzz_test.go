package h2_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/h2"
	"github.com/paf-go/paf/hpack"
	"github.com/paf-go/paf/semantics"
)

// A transcript is all that an engine has made of its input.
type transcript struct {
	events []string
	output []byte
	state  engine.State
}

func (a *transcript) String() string {
	return strings.Join(a.events, "\n") + "\n" + hex.EncodeToString(a.output) + "\n" + a.state.String()
}

// play shows input to an engine in pieces and notes what comes of it. Memory that Next has seen is overwritten
// behind it; what a server is asked it answers at once.
func play(t testing.TB, eng engine.Engine, in []byte, piece func(left int) int) *transcript {
	t.Helper()
	var (
		log     transcript
		out     engine.Output
		pending []byte
		data    []byte
	)
	tell := func(format string, args ...any) {
		if len(data) > 0 {
			log.events = append(log.events, fmt.Sprintf("data %x", data))
			data = nil
		}
		log.events = append(log.events, fmt.Sprintf(format, args...))
	}
	pump := func() {
		for {
			shown := append(make([]byte, 0, len(pending)), pending...)
			var ev engine.Event
			n := eng.Next(1, shown, &ev)
			if n < 0 || n > len(shown) {
				t.Fatalf("Next took %d bytes of %d", n, len(shown))
			}
			pending = pending[n:]
			content := bytes.Clone(ev.Data)
			for i := range shown {
				shown[i] = 0xee
			}
			switch ev.Kind {
			case engine.NoEvent:
				return
			case engine.Data:
				if len(content) == 0 {
					t.Fatal("a Data event without content")
				}
				data = append(data, content...) // how it is cut is not laid down
				eng.(engine.Multiplexed).Consumed(1, ev.Stream, len(content))
			case engine.Request:
				tell("request %d %s %s %d %t %v", ev.Stream, ev.Request.Method, ev.Request.Target.Raw, ev.Length, ev.End, ev.Request.Fields.String())
				answer(eng.(engine.Server), &out, ev.Stream)
			case engine.Fault:
				tell("fault %d %d %s %d", ev.Stream, ev.Err.Scope, ev.Err.Rule, ev.Err.Status)
				if ev.Stream != 0 {
					eng.Reset(&out, ev.Stream, 0)
				}
			case engine.Response, engine.Interim:
				tell("%v %d %d %d %t %v", ev.Kind, ev.Stream, ev.Response.Status, ev.Length, ev.End, ev.Response.Fields.String())
			case engine.End:
				tell("end %d %v", ev.Stream, ev.Trailer)
			}
			if out.Len() > 1<<20 {
				t.Fatalf("%d bytes of output for %d of input", out.Len(), len(in))
			}
		}
	}
	for left := in; len(left) > 0; {
		n := piece(len(left))
		pending = append(pending, left[:n]...)
		left = left[n:]
		pump()
	}
	eng.EOF(1, true)
	pump()
	if eng.State() == engine.Open {
		tell("left %d", len(pending))
	}
	eng.Flush(&out)
	log.output, log.state = out.Buf, eng.State()
	return &log
}

func answer(s engine.Server, out *engine.Output, id engine.StreamID) {
	if s.Respond(out, id, &semantics.Response{Status: 200}, 2) == nil {
		_, _ = s.Data(out, id, []byte("ok"))
		_ = s.End(out, id, nil)
	}
}

// frame appends a frame.
func frame(dst []byte, kind, flags byte, id uint32, payload ...byte) []byte {
	n := len(payload)
	dst = append(dst, byte(n>>16), byte(n>>8), byte(n), kind, flags, byte(id>>24), byte(id>>16), byte(id>>8), byte(id))
	return append(dst, payload...)
}

func fieldBlock(lines ...string) []byte {
	var e hpack.Encoder
	var b []byte
	for i := 0; i < len(lines); i += 2 {
		b = e.AppendField(b, hpack.Field{Name: lines[i], Value: lines[i+1]})
	}
	return b
}

// conversations are inputs of a server that hold a bit of everything.
func conversations() map[string][]byte {
	hello := frame([]byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 4, 0, 0, 0, 4, 0, 0, 0xff, 0xff)
	get := fieldBlock(":method", "GET", ":scheme", "https", ":authority", "a", ":path", "/x", "cookie", "a=b", "cookie", "c=d", "priority", "u=1, i")
	post := fieldBlock(":method", "POST", ":scheme", "https", ":authority", "a", ":path", "/", "content-length", "5")
	on := func(frames ...[]byte) []byte { return append(bytes.Clone(hello), bytes.Join(frames, nil)...) }
	return map[string][]byte{
		"nothing":      hello,
		"get":          on(frame(nil, 1, 5, 1, get...)),
		"continued":    on(frame(nil, 1, 1, 1, get[:7]...), frame(nil, 9, 0, 1, get[7:9]...), frame(nil, 9, 4, 1, get[9:]...)),
		"post":         on(frame(nil, 1, 4, 1, post...), frame(nil, 0, 8, 1, 2, 'h', 'e', 0, 0), frame(nil, 0, 1, 1, 'l', 'l', 'o')),
		"short":        on(frame(nil, 1, 4, 1, post...), frame(nil, 0, 1, 1, 'h')),
		"long":         on(frame(nil, 1, 4, 1, post...), frame(nil, 0, 1, 1, []byte("hello!")...)),
		"trailer":      on(frame(nil, 1, 4, 1, post...), frame(nil, 0, 0, 1, []byte("hello")...), frame(nil, 1, 5, 1, fieldBlock("x-sum", "1")...)),
		"reset":        on(frame(nil, 1, 4, 1, post...), frame(nil, 3, 0, 1, 0, 0, 0, 8), frame(nil, 0, 1, 1, 'h')),
		"control":      on(frame(nil, 6, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8), frame(nil, 8, 0, 0, 0, 0, 1, 0), frame(nil, 2, 0, 3, 0, 0, 0, 0, 1), frame(nil, 0x10, 0, 0, 0, 0, 0, 3, 'u', '=', '0'), frame(nil, 4, 1, 0), frame(nil, 0xee, 0xff, 0, 1)),
		"goaway":       on(frame(nil, 1, 5, 1, get...), frame(nil, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)),
		"window zero":  on(frame(nil, 1, 4, 1, post...), frame(nil, 8, 0, 1, 0, 0, 0, 0)),
		"malformed":    on(frame(nil, 1, 5, 1, fieldBlock(":method", "GET", ":scheme", "https", ":path", "/", ":authority", "a", "Upper", "x")...), frame(nil, 1, 5, 3, get...)),
		"no authority": on(frame(nil, 1, 5, 1, fieldBlock(":method", "GET", ":scheme", "https", ":path", "/")...)),
		"not h2":       []byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
	}
}

func whole(left int) int { return left }
func bytewise(int) int   { return 1 }

// The cut of the input changes nothing of what is told, sent, or left.
func TestTheCutOfTheInputChangesNothing(t *testing.T) {
	for name, in := range conversations() {
		want := play(t, h2.NewServer(engine.Limits{}, 1), in, whole).String()
		if got := play(t, h2.NewServer(engine.Limits{}, 1), in, bytewise).String(); got != want {
			t.Errorf("%s, byte by byte:\n%s\nwhole:\n%s", name, got, want)
		}
		for at := 1; at < len(in); at++ {
			first := true
			got := play(t, h2.NewServer(engine.Limits{}, 1), in, func(left int) int {
				if first {
					first = false
					return at
				}
				return left
			}).String()
			if got != want {
				t.Errorf("%s, cut at %d:\n%s\nwhole:\n%s", name, at, got, want)
			}
		}
	}
}

// FuzzServer shows arbitrary bytes to a server: whole, byte by byte, and cut as cut says.
func FuzzServer(f *testing.F) {
	for _, in := range conversations() {
		f.Add(in, uint8(7))
		f.Add(bytes.TrimPrefix(in, []byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")), uint8(3))
	}
	addScripts(f, "server")
	f.Fuzz(func(t *testing.T, in []byte, cut uint8) {
		if len(in) > 16<<10 {
			return
		}
		if !bytes.HasPrefix(in, []byte("PRI")) {
			in = append([]byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), in...)
		}
		same(t, in, cut, func() engine.Engine { return h2.NewServer(engine.Limits{}, 1) })
	})
}

// FuzzClient does the same to a client that has sent three requests.
func FuzzClient(f *testing.F) {
	settings := frame(nil, 4, 0, 0)
	ok := fieldBlock(":status", "200", "content-length", "2")
	f.Add(append(settings, frame(nil, 1, 5, 1, fieldBlock(":status", "204")...)...), uint8(5))
	f.Add(bytes.Join([][]byte{settings, frame(nil, 1, 4, 1, fieldBlock(":status", "103")...), frame(nil, 1, 4, 1, ok...), frame(nil, 0, 1, 1, 'o', 'k')}, nil), uint8(9))
	f.Add(bytes.Join([][]byte{settings, frame(nil, 1, 4, 3, ok...), frame(nil, 3, 0, 3, 0, 0, 0, 7), frame(nil, 7, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0)}, nil), uint8(2))
	f.Add(bytes.Join([][]byte{settings, frame(nil, 5, 4, 1, 0, 0, 0, 2)}, nil), uint8(2))
	addScripts(f, "client")
	f.Fuzz(func(t *testing.T, in []byte, cut uint8) {
		if len(in) > 16<<10 {
			return
		}
		same(t, in, cut, func() engine.Engine {
			c := h2.NewClient(engine.Limits{}, 1)
			var out engine.Output
			for range 3 {
				id, err := c.Request(&out, get("/"), 0)
				if err == nil {
					err = c.End(&out, id, nil)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			return c
		})
	})
}

// addScripts adds the input of all scripts of a role.
func addScripts(f *testing.F, role string) {
	for _, file := range scripts(f) {
		for _, c := range file.Cases {
			if in := c.Input(); c.Role == role && len(in) < 4<<10 {
				f.Add(in, uint8(len(in)))
			}
		}
	}
}

// same fails if the cut of the input changes anything.
func same(t *testing.T, in []byte, cut uint8, make func() engine.Engine) {
	t.Helper()
	want := play(t, make(), in, whole).String()
	if got := play(t, make(), in, bytewise).String(); got != want {
		t.Errorf("byte by byte:\n%s\nwhole:\n%s", got, want)
	}
	if got := play(t, make(), in, func(left int) int { return min(left, int(cut)+1) }).String(); got != want {
		t.Errorf("by %d:\n%s\nwhole:\n%s", int(cut)+1, got, want)
	}
}
