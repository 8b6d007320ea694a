package proxy_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/proxy"
)

// A poor flow has no power but to read, write and close. It counts its reads.
type poor struct {
	io.ReadWriteCloser
	reads atomic.Int64
}

func (p *poor) Read(b []byte) (int, error) {
	p.reads.Add(1)
	return p.ReadWriteCloser.Read(b)
}

// A side without deadlines whose other side takes no more is not asked again and again what it sends.
func TestASideWithoutDeadlinesIsNotAskedForEver(t *testing.T) {
	client, near := pair(t)
	far, server := pair(t)
	p := &poor{ReadWriteCloser: near}
	joined := make(chan error, 1)
	go func() { joined <- proxy.Join(flow.NetConn(p), far, proxy.TunnelLimits{Idle: 10 * time.Second}) }()
	_ = server.SetWriteDeadline(time.Now().Add(500 * time.Millisecond))
	if _, err := server.Write(make([]byte, 64<<20)); !errors.Is(err, os.ErrDeadlineExceeded) { // the client takes nothing, so nobody reads what follows
		t.Fatal(err)
	}
	_ = server.SetLinger(0)
	_ = server.Close()
	_, _ = io.WriteString(client, "x")
	if err := <-joined; errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error(err)
	}
	if n := p.reads.Load(); n > 10_000 {
		t.Errorf("%d reads", n)
	}
}

// A Preface that nobody reads holds up a request for no longer than opening may take, and leaves nothing behind.
func TestAPrefaceThatNobodyTakesIsGivenUp(t *testing.T) {
	u := &proxy.Upstream{URL: "http://nowhere.test",
		Dial:    func(context.Context) (flow.Flow, error) { a, _ := net.Pipe(); return flow.Conn(a), nil },
		Preface: func(_, _ net.Addr) ([]byte, error) { return []byte("x"), nil }}
	c := &paf.Client{MaxRedirects: -1, OpenTimeout: 50 * time.Millisecond, Log: quiet()}
	at := before(t, &proxy.Reverse{Client: c, Upstreams: []*proxy.Upstream{u}, Log: quiet()})
	resp, err := asker(t, paf.HTTP11).Get(t.Context(), "http://"+at+"/")
	if err != nil {
		t.Fatal(err)
	}
	if read(t, resp); resp.Status != 504 {
		t.Error(resp.Status)
	}
	c.Close() // which waits for what was being opened
}
