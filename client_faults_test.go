package paf_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/flow/flowtest"
	"github.com/paf-go/paf/mimic"
)

// faulty makes a client whose every flow leads to s and has faults.
func faulty(s *paf.Server, faults flowtest.Faults, wrap func(flow.Flow) flow.Flow) *paf.Client {
	p := mimic.Register("faulty", mimic.NoPriority, func(context.Context, struct{}) (flow.Flow, error) {
		here, there := flow.Pipe(0)
		go func() { _ = s.ServeFlow(context.Background(), there) }()
		return wrap(flowtest.Faulty(here, faults)), nil
	})
	return &paf.Client{Context: mimic.Add(mimic.Context{}, p, struct{}{})}
}

func TestClientUnderFaultsGivesAllOrAnError(t *testing.T) {
	synctest.Test(t, clientUnderFaults) // what waits for a time-out waits in virtual time
}

func clientUnderFaults(t *testing.T) {
	s := handle(hammered)
	defer func() { _ = s.Shutdown(context.Background()) }()
	content := strings.Repeat("0123456789", 30)
	broken := errors.New("broken")
	for name, fault := range map[string]func(at int64) flowtest.Faults{
		"byte by byte": func(at int64) flowtest.Faults {
			return flowtest.Faults{ReadMax: int(at%5) + 1, WriteMax: int(at%3) + 1}
		},
		"reset while reading": func(at int64) flowtest.Faults { return flowtest.Faults{Read: []flowtest.Fault{{At: at, Reset: true}}} },
		"reset while writing": func(at int64) flowtest.Faults { return flowtest.Faults{Write: []flowtest.Fault{{At: at, Reset: true}}} },
		"error while reading": func(at int64) flowtest.Faults { return flowtest.Faults{Read: []flowtest.Fault{{At: at, Err: broken}}} },
		"short write": func(at int64) flowtest.Faults {
			return flowtest.Faults{Write: []flowtest.Fault{{At: at, Err: io.ErrShortWrite}}}
		},
	} {
		for at := int64(0); at < 400; at += 3 {
			wrap := func(f flow.Flow) flow.Flow { return f }
			if at%2 == 1 {
				wrap = flow.Bare
			}
			c := faulty(s, fault(at), wrap)
			body := io.Reader(strings.NewReader(content))
			if at%4 == 1 {
				body = io.MultiReader(body)
			}
			resp, err := c.Do(t.Context(), newRequest(t, "PUT", "http://faulty.test/echo", body))
			switch {
			case err == nil:
				got, err := io.ReadAll(resp.Body)
				if err == nil && string(got) != content {
					t.Errorf("%s at %d: %q was taken for whole", name, at, got)
				}
				if err != nil && name == "byte by byte" {
					t.Errorf("%s at %d: %v", name, at, err)
				}
				resp.Body.Close()
			case name == "byte by byte" || !errors.As(err, new(*paf.SendError)):
				t.Errorf("%s at %d: %v", name, at, err)
			}
			c.Close()
			if stats := c.Stats(); stats.Conns != 0 || stats.Active != 0 {
				t.Fatalf("%s at %d: something is left: %+v", name, at, stats)
			}
		}
	}
}

// FuzzClient lets any bytes answer a client: it gets a response or an error, soon, and
// nothing is left behind.
func FuzzClient(f *testing.F) {
	for _, seed := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX: y\r\n\r\n",
		"HTTP/1.0 302 Found\r\nLocation: /again\r\n\r\n",
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
		"", "\r\n", "HTTP/1.1 200",
	} {
		f.Add([]byte(seed), uint8(3))
	}
	f.Fuzz(func(t *testing.T, answer []byte, cut uint8) {
		p := mimic.Register("fuzz", mimic.NoPriority, func(context.Context, struct{}) (flow.Flow, error) {
			here, there := flow.Pipe(1 << 20)
			_, _ = there.Write(answer)
			_ = there.CloseWrite()
			return flowtest.Faulty(here, flowtest.Faults{ReadMax: int(cut)}), nil
		})
		c := &paf.Client{Context: mimic.Add(mimic.Context{}, p, struct{}{})}
		resp, err := c.Get(t.Context(), "http://fuzz.test/")
		if err == nil {
			n, _ := io.Copy(io.Discard, resp.Body)
			if n > int64(len(answer)) || resp.Status < 200 || resp.Status > 999 {
				t.Errorf("status %d, %d bytes", resp.Status, n)
			}
			resp.Body.Close()
		}
		c.Close()
		if stats := c.Stats(); stats.Conns != 0 {
			t.Errorf("something is left: %+v", stats)
		}
	})
}

// FuzzServer lets any bytes be sent to a server: the connection ends, and nothing is
// left behind.
func FuzzServer(f *testing.F) {
	for _, seed := range []string{
		"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabcGET /duplex HTTP/1.0\r\n\r\n",
		"POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
		"POST /ignore HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\nabc",
		"\r\nGET /panic HTTP/1.1\r\nHost: x\r\n\r\n",
	} {
		f.Add([]byte(seed), uint8(3))
	}
	f.Fuzz(func(t *testing.T, sent []byte, cut uint8) {
		s := handle(hammered)
		here, there := flow.Pipe(1 << 20)
		_, _ = here.Write(sent)
		_ = here.CloseWrite()
		go func() { _, _ = io.Copy(io.Discard, here); here.Close() }()
		_ = s.ServeFlow(context.Background(), flowtest.Faulty(there, flowtest.Faults{ReadMax: int(cut)}))
		if stats := s.Stats(); stats.Conns != 0 || stats.Active != 0 {
			t.Errorf("something is left: %+v", stats)
		}
	})
}

func TestNothingStaysOpenAfterClose(t *testing.T) {
	addr := serve(t, handle(hello))
	c := &paf.Client{}
	for range 20 {
		resp, err := c.Get(t.Context(), "http://"+addr)
		if err != nil {
			t.Fatal(err)
		}
		_ = readAll(t, resp)
	}
	c.Close()
	if _, err := c.Get(t.Context(), "http://"+addr); !errors.Is(err, paf.ErrStopped) {
		t.Errorf("after Close: %v", err)
	}
}
