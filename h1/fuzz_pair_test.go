package h1_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/h1"
	"github.com/paf-go/paf/semantics"
)

// FuzzPair has a client ask a server. What one side was told to send the other must be told
// to have come, whatever the fields, the content and the cuts; nobody may find fault.
func FuzzPair(f *testing.F) {
	f.Add("GET", "/x", "Accept", "*/*", []byte(nil), int64(0), 200, []byte("hello"), int64(5), uint64(1))
	f.Add("POST", "/", "Connection", "close", []byte("abc"), int64(-1), 201, []byte("de"), int64(-1), uint64(2))
	f.Add("HEAD", "/?q", "Transfer-Encoding", "chunked", []byte(nil), int64(0), 304, []byte(nil), int64(7), uint64(3))
	f.Add("PUT", "/", "Content-Length", "9", []byte("xyz"), int64(3), 204, []byte(nil), int64(0), uint64(4))
	f.Fuzz(func(t *testing.T, method, target, name, value string, up []byte, upLength int64, status int, down []byte, downLength int64, seed uint64) {
		p := newPair(t)
		for range 2 {
			if !p.exchange(method, target, semantics.FieldsOf(name, value), up, upLength, status, down, downLength, seed) {
				return
			}
		}
	})
}

// A pair is a client and a server, back to back.
type pair struct {
	t      *testing.T
	client *h1.ClientConn
	server *h1.ServerConn
	c, s   *drive
	got    []engine.Event // at the server, then at the client
	body   []byte
}

func newPair(t *testing.T) *pair {
	p := &pair{t: t, client: h1.NewClient(engine.Limits{}, second), server: h1.NewServer(engine.Limits{}, second)}
	note := func(ev *engine.Event) {
		if ev.Kind == engine.Data {
			p.body = append(p.body, ev.Data...)
			return
		}
		p.got = append(p.got, *ev)
	}
	p.c = &drive{t: t, eng: p.client, now: second, onEvent: note}
	p.s = &drive{t: t, eng: p.server, now: second, onEvent: note}
	return p
}

// exchange runs one exchange and reports whether another may follow. What a caller
// must not ask for is none.
func (p *pair) exchange(method, target string, fields semantics.Fields, up []byte, upLength int64, status int, down []byte, downLength int64, seed uint64) bool {
	t := p.t
	parsed, err := semantics.ParseTarget(method, target)
	if err != nil || parsed.Form == semantics.AuthorityForm {
		return false
	}
	if parsed.Authority == "" {
		parsed.Authority = "a"
	}
	if upLength >= 0 {
		upLength = int64(len(up))
	}
	sent := parsed
	sent.Raw = "" // what is sent is made of the parts
	p.got, p.body = nil, nil
	id, err := p.client.Request(&p.c.out, &semantics.Request{Method: method, Target: parsed, Protocol: semantics.HTTP11, Fields: fields}, upLength)
	if err != nil {
		return false
	}
	p.send(p.client, p.c, p.s, id, up, seed)
	if len(p.got) == 0 || p.got[0].Kind != engine.Request {
		if excused(p.got, fields) {
			return false
		}
		t.Fatalf("the server was told %v", p.got)
	}
	if r := p.got[0].Request; r.Method != method || r.Target.Raw != sent.String() || !bytes.Equal(p.body, up) {
		t.Fatalf("%q %q %q arrived as %q %q %q", method, sent.String(), up, r.Method, r.Target.Raw, p.body)
	}
	stream := p.got[0].Stream
	p.got, p.body = nil, nil
	if downLength >= 0 {
		downLength = int64(len(down))
	}
	if status == 101 || p.server.Respond(&p.s.out, stream, &semantics.Response{Status: status, Fields: fields}, downLength) != nil || semantics.Informational(status) {
		return false
	}
	if semantics.NoContent(status) || status == 205 {
		down = nil
	}
	p.send(p.server, p.s, p.c, stream, down, seed)
	if method == "HEAD" {
		down = nil
	}
	if p.server.State() == engine.Closed {
		p.client.EOF(second, true)
		p.c.pump()
	}
	if len(p.got) == 0 || p.got[0].Kind != engine.Response || p.got[0].Response.Status != status || !bytes.Equal(p.body, down) {
		if excused(p.got, fields) {
			return false
		}
		t.Fatalf("%d with %q arrived as %+v with %q", status, down, p.got, p.body)
	}
	if p.got[0].End == (len(p.got) > 1 && p.got[1].Kind == engine.End) {
		t.Fatalf("the response does not end once: %+v", p.got)
	}
	if (p.server.State() == engine.Open) != (p.client.State() == engine.Open) {
		t.Fatalf("the server is %v, the client %v", p.server.State(), p.client.State())
	}
	return p.server.State() == engine.Open
}

// send sends content and moves all output to the other side.
func (p *pair) send(eng engine.Engine, from, to *drive, id engine.StreamID, content []byte, seed uint64) {
	cut := bySeed(seed)
	for left := content; len(left) > 0; {
		n := min(len(left), cut())
		if took, err := eng.Data(&from.out, id, left[:n]); err != nil || took != n {
			p.t.Fatalf("%d of %d bytes taken: %v", took, n, err)
		}
		left = left[n:]
	}
	if err := eng.End(&from.out, id, nil); err != nil {
		p.t.Fatal(err)
	}
	wire := bytes.Clone(from.out.Buf)
	from.out.Reset()
	to.feed(wire, cut)
}

// excused reports whether the fields that a caller chose are such that the other side must refuse
// them: an expectation, or more lines or bytes than its limits allow.
func excused(got []engine.Event, fields semantics.Fields) bool {
	i := slices.IndexFunc(got, func(ev engine.Event) bool { return ev.Kind == engine.Fault })
	if i < 0 {
		return false
	}
	status := got[i].Err.Status
	size := 0
	for name, value := range fields.All() {
		size += len(name) + len(value)
	}
	return status == 417 || size > 1000 || strings.Contains(fmt.Sprint(fields.List()), "_") || strings.Contains(string(got[i].Err.Rule), "9.3.7")
}
