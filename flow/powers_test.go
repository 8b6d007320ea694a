package flow_test

import (
	"crypto/tls"
	"net"
	"runtime"
	"strings"
	"testing"

	"github.com/paf-go/paf/flow"
)

// The conformance test skips the powers a flow lacks: here is who has which.
func TestPowersOfEachFlow(t *testing.T) {
	const (
		deadlines = "read-deadline write-deadline"
		addresses = "peer local"
	)
	kernel := "read-deadline write-deadline close-write close-read writev read-from pollable peer local"
	unixSocket := kernel
	if runtime.GOOS != "linux" {
		unixSocket = strings.Replace(kernel, " read-from", "", 1)
	}
	for _, c := range []struct {
		name string
		open func(testing.TB) (flow.Flow, flow.Flow)
		want string
	}{
		{"tcp", tcp, kernel},
		{"unix", unix, unixSocket},
		{"pipe", pipe(0), "read-deadline write-deadline close-write close-read writev peer local"},
		{"bare pipe", bare(pipe(0)), ""},
		{"io pipes", ioPipes, ""},
		{"tls", overTLS(pipe(0)), deadlines + " close-write " + addresses + " negotiator"},
		{"tls over bare", overTLS(bare(pipe(0))), "close-write negotiator"},
		{"net.Conn of bare", asNetConn(bare(pipe(0))), ""},
	} {
		a, b := c.open(t)
		for _, f := range []flow.Flow{a, b} {
			if got := names(flow.PowersOf(f)); got != c.want {
				t.Errorf("%s has %q, want %q", c.name, got, c.want)
			}
			f.Close()
		}
	}
	a, b := tcp(t)
	defer b.Close()
	defer a.Close()
	for _, f := range []flow.Flow{a, flow.Conn(a.(net.Conn)), flow.Hold(a, nil), plain{a}} {
		if got := names(flow.PowersOf(f)); got != kernel {
			t.Errorf("%T has %q, want %q", f, got, kernel)
		}
	}
}

func names(p flow.Powers) string {
	var all []byte
	for _, power := range []struct {
		name string
		has  bool
	}{
		{"read-deadline", p.ReadDeadline != nil},
		{"write-deadline", p.WriteDeadline != nil},
		{"close-write", p.CloseWriter != nil},
		{"close-read", p.CloseReader != nil},
		{"writev", p.VecWriter != nil},
		{"read-from", p.ReaderFrom != nil},
		{"pollable", p.Pollable != nil},
		{"peer", p.Peer != nil},
		{"local", p.Local != nil},
		{"negotiator", p.Negotiator != nil},
	} {
		if power.has {
			all = append(append(all, power.name...), ' ')
		}
	}
	return strings.TrimSpace(string(all))
}

// plain is a wrapper that leaves the bytes alone.
type plain struct{ flow.Flow }

func (p plain) Unwrap() flow.Flow { return p.Flow }

// ownVec is one that has a power of its own.
type ownVec struct {
	plain
	calls *int
}

func (o ownVec) WriteVec(bufs [][]byte) (n int64, err error) {
	*o.calls++
	return 0, nil
}

func TestAWrapperOverridesWhatItHasItself(t *testing.T) {
	a, b := flow.Pipe(0)
	defer a.Close()
	defer b.Close()
	calls := 0
	p := flow.PowersOf(plain{ownVec{plain{a}, &calls}})
	if _, err := p.VecWriter.WriteVec(nil); err != nil || calls != 1 {
		t.Errorf("%d calls, error %v: want the wrapper's own WriteVec", calls, err)
	}
	if p.ReadDeadline == nil {
		t.Error("the other powers of the flow inside are gone")
	}
}

func TestTheMethodPowersHasTheLastWord(t *testing.T) {
	a, b := tcp(t)
	defer a.Close()
	defer b.Close()
	p := flow.PowersOf(a)
	p.VecWriter, p.Negotiator = nil, flow.NegotiatorFunc(func() string { return "h2" })
	got := flow.PowersOf(plain{flow.WithPowers(a, p)})
	if got.VecWriter != nil || got.NegotiatedProtocol() != "h2" || got.Pollable == nil {
		t.Errorf("powers are %q, protocol %q", names(got), got.NegotiatedProtocol())
	}
}

func TestAbsentPowersAnswerNothing(t *testing.T) {
	var p flow.Powers
	if p.PeerAddr() != nil || p.LocalAddr() != nil || p.NegotiatedProtocol() != "" {
		t.Errorf("peer %v, local %v, protocol %q", p.PeerAddr(), p.LocalAddr(), p.NegotiatedProtocol())
	}
}

func TestTLSSaysWhatWasNegotiated(t *testing.T) {
	a, b := overTLS(pipe(0))(t)
	defer a.Close()
	defer b.Close()
	for _, f := range []flow.Flow{a, b, flow.Hold(a, nil)} {
		if got := flow.PowersOf(f).NegotiatedProtocol(); got != "http/1.1" {
			t.Errorf("%T negotiated %q, want http/1.1", f, got)
		}
	}
}

// A stranger is a connection that is not crypto/tls's and poses as one.
type stranger struct{ *flow.PipeEnd }

func (stranger) ConnectionState() tls.ConnectionState {
	return tls.ConnectionState{NegotiatedProtocol: "h2"}
}

func TestAnyConnectionStateIsAsked(t *testing.T) {
	a, b := flow.Pipe(0)
	defer a.Close()
	defer b.Close()
	if got := flow.PowersOf(flow.Conn(stranger{a})).NegotiatedProtocol(); got != "h2" {
		t.Errorf("negotiated %q, want h2", got)
	}
}

func TestAsFindsTheFlowInside(t *testing.T) {
	a, b := tcp(t)
	defer a.Close()
	defer b.Close()
	if c, ok := flow.As[*net.TCPConn](plain{flow.Hold(flow.Conn(a.(net.Conn)), nil)}); !ok || c != a {
		t.Errorf("As found %v, %v", c, ok)
	}
	if c, ok := flow.As[*net.TCPConn](flow.Bare(a)); ok {
		t.Errorf("As found %v in a bare flow", c)
	}
	if c, ok := flow.As[*tls.Conn](plain{a}); ok {
		t.Errorf("As found %v in TCP", c)
	}
}
