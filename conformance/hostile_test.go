package conformance

import (
	"bytes"
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/internal/testkit"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// A hostile is a client of HTTP/2 that sends what it likes.
type hostile struct {
	net.Conn
	*http2.Framer
	get, post []byte        // field blocks
	end       chan error    // why the server's frames have ended
	code      http2.ErrCode // of its GOAWAY
	release   chan struct{} // lets the handlers return
	handling  chan struct{} // holds one for each handler that runs
	statuses  chan string   // of the responses, as they come
}

// hostileTo starts a server whose handlers wait, and connects to it.
func hostileTo(t *testing.T) *hostile {
	t.Helper()
	h := &hostile{end: make(chan error, 1), release: make(chan struct{}), handling: make(chan struct{}, 1<<20), statuses: make(chan string, 1<<16)}
	s := &paf.Server{Handler: paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) {
		h.handling <- struct{}{}
		<-h.release
	})}
	ln := testkit.Listen(t)
	testkit.Serve(t, s, ln)
	var err error
	if h.Conn, err = net.Dial("tcp", ln.Addr().String()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		close(h.release)
		h.Conn.Close()
	})
	_, _ = io.WriteString(h.Conn, http2.ClientPreface)
	h.Framer = http2.NewFramer(h.Conn, h.Conn)
	_ = h.WriteSettings()
	h.get, h.post = block("GET"), block("POST")
	go func() { h.end <- h.listen() }()
	return h
}

// block encodes a head without the dynamic table.
func block(method string) []byte {
	var b bytes.Buffer
	e := hpack.NewEncoder(&b)
	e.SetMaxDynamicTableSize(0)
	for _, f := range [][2]string{{":method", method}, {":scheme", "http"}, {":authority", "a"}, {":path", "/"}} {
		_ = e.WriteField(hpack.HeaderField{Name: f[0], Value: f[1]})
	}
	return b.Bytes()
}

// listen reads the server's frames until there are no more.
func (h *hostile) listen() error {
	r := http2.NewFramer(io.Discard, h.Conn)
	r.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	for {
		f, err := r.ReadFrame()
		if err != nil {
			return err
		}
		switch f := f.(type) {
		case *http2.GoAwayFrame:
			h.code = f.ErrCode
		case *http2.MetaHeadersFrame:
			h.statuses <- f.PseudoValue("status")
		}
	}
}

func (h *hostile) open(id uint32, head []byte, end bool) error {
	return h.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: head, EndHeaders: true, EndStream: end})
}

// memory is what the process holds in heap and stacks after a collection.
func memory() int {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc + m.StackInuse)
}

// expectCalm wants the connection to be closed with ENHANCE_YOUR_CALM.
func (h *hostile) expectCalm(t *testing.T, code http2.ErrCode) {
	t.Helper()
	select {
	case <-h.end:
	case <-time.After(10 * time.Second):
		t.Fatal("the connection goes on")
	}
	if h.code != code && h.code != 0 { // a reset of the connection may have swallowed the GOAWAY
		t.Errorf("closed with %v", h.code)
	}
	if h.code == 0 {
		t.Log("the GOAWAY was lost with the connection")
	}
}

const memoryMost = 4 << 20

// One connection that fills every window it is given, in frames of any size, while no handler reads.
func TestUnreadContentOfOneConnectionIsBounded(t *testing.T) {
	for name, size := range map[string]int{"large frames": 16 << 10, "frames of 100 bytes": 100} {
		t.Run(name, func(t *testing.T) {
			h := hostileTo(t)
			before := memory()
			sent, streams := 0, 0
			for id := uint32(1); sent+size <= 1<<20-64<<10; id += 2 {
				if streams++; streams > 120 {
					break
				}
				if err := h.open(id, h.post, false); err != nil {
					t.Fatal(err)
				}
				<-h.handling
				for n := 0; n < 8<<10 && sent+size <= 1<<20-64<<10; n += size {
					if err := h.WriteData(id, false, make([]byte, size)); err != nil {
						t.Fatal(err)
					}
					sent += size
				}
			}
			time.Sleep(200 * time.Millisecond)
			if grown := memory() - before; grown > memoryMost {
				t.Errorf("%d streams with %d KiB unread: memory grew by %d KiB", streams, sent>>10, grown>>10)
			} else {
				t.Logf("%d streams with %d KiB unread: memory grew by %d KiB", streams, sent>>10, grown>>10)
			}
		})
	}
}

// Rapid reset (CVE-2023-44487): streams that are opened and reset at once do not give the client more handlers than its
// limit of streams, and soon end the connection.
func TestRapidResetIsStopped(t *testing.T) {
	h := hostileTo(t)
	before := memory()
	var err error
	for id := uint32(1); id < 200_001 && err == nil; id += 2 {
		if err = h.open(id, h.get, true); err == nil {
			err = h.WriteRSTStream(id, http2.ErrCodeCancel)
		}
	}
	h.expectCalm(t, http2.ErrCodeEnhanceYourCalm)
	if n := len(h.handling); n > 128 {
		t.Errorf("%d handlers were started", n)
	}
	if grown := memory() - before; grown > memoryMost {
		t.Errorf("memory grew by %d KiB", grown>>10)
	}
}

// Floods of frames that cost the client nothing.
func TestFloodsAreStopped(t *testing.T) {
	floods := map[string]func(h *hostile, i int) error{
		"SETTINGS":      func(h *hostile, _ int) error { return h.WriteSettings() },
		"PING":          func(h *hostile, _ int) error { return h.WritePing(false, [8]byte{}) },
		"PRIORITY":      func(h *hostile, i int) error { return h.WritePriority(uint32(2*i+1), http2.PriorityParam{}) },
		"WINDOW_UPDATE": func(h *hostile, _ int) error { return h.WriteWindowUpdate(0, 1) },
		"unknown":       func(h *hostile, _ int) error { return h.WriteRawFrame(0xee, 0, 0, []byte("what")) },
		"empty DATA": func(h *hostile, i int) error {
			if i == 0 {
				return h.open(1, h.post, false)
			}
			return h.WriteData(1, false, nil)
		},
		"CONTINUATION": func(h *hostile, i int) error {
			if i == 0 {
				return h.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: h.get})
			}
			return h.WriteRawFrame(http2.FrameContinuation, 0, 1, nil)
		},
		"made you reset (CVE-2025-8671)": func(h *hostile, i int) error {
			id := uint32(2*i + 1)
			return errors.Join(h.open(id, h.get, true), h.WriteRawFrame(http2.FrameWindowUpdate, 0, id, make([]byte, 4)))
		},
		"refused streams": func(h *hostile, i int) error { return h.open(uint32(2*i+1), h.get, true) },
	}
	for name, flood := range floods {
		t.Run(name, func(t *testing.T) {
			h := hostileTo(t)
			before := memory()
			for i := range 100_000 {
				if flood(h, i) != nil {
					break
				}
			}
			h.expectCalm(t, http2.ErrCodeEnhanceYourCalm)
			if grown := memory() - before; grown > memoryMost {
				t.Errorf("memory grew by %d KiB", grown>>10)
			}
		})
	}
}

// Requests that are refused with a status, and never end, hold no place: more than the limit of streams are
// answered one after another.
func TestRefusedRequestsThatNeverEndHoldNoPlace(t *testing.T) {
	h := hostileTo(t)
	var b bytes.Buffer
	e := hpack.NewEncoder(&b)
	e.SetMaxDynamicTableSize(0)
	for _, f := range [][2]string{{":method", "POST"}, {":scheme", "http"}, {":authority", "a"}, {":path", "/" + strings.Repeat("x", 17<<10)}} {
		_ = e.WriteField(hpack.HeaderField{Name: f[0], Value: f[1]})
	}
	head := b.Bytes()
	for id := uint32(1); id < 600; id += 2 {
		if err := h.open(id, head, false); err != nil {
			t.Fatal(err)
		}
		select {
		case got := <-h.statuses:
			if got != "414" {
				t.Fatalf("request %d got %q", id, got)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("request %d got no answer", id)
		}
	}
}

// A client that asks and never reads is cut off by the write time-out; until then it costs little.
func TestAClientThatNeverReadsCostsLittle(t *testing.T) {
	h := hostileTo(t)
	before := memory()
	for range 90 { // below the limit of floods
		if err := h.WritePing(false, [8]byte{}); err != nil {
			t.Fatal(err)
		}
	}
	if grown := memory() - before; grown > memoryMost {
		t.Errorf("memory grew by %d KiB", grown>>10)
	}
}
