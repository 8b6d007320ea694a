package flows

import (
	"context"
	"net"
	"testing"

	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/flow/flowtest"
	"github.com/paf-go/paf/paftest/httpover"
)

// works runs all there is to be run over a kind of flow.
func works(t *testing.T, open httpover.Open) {
	httpover.Run(t, open)
	t.Run("NetHTTP", func(t *testing.T) { foreign(t, open) })
}

// listening makes an Open of a listener where nothing is negotiated.
func listening(listen func(t testing.TB) (net.Listener, httpover.Dial)) httpover.Open {
	return func(t testing.TB, _ string) (net.Listener, httpover.Dial) { return listen(t) }
}

// wrapped makes an Open whose flows are wrapped at both ends.
func wrapped(open httpover.Open, wrap func(flow.Flow) flow.Flow) httpover.Open {
	return func(t testing.TB, protocol string) (net.Listener, httpover.Dial) {
		ln, dial := open(t, protocol)
		return wrappingListener{ln, wrap}, func(ctx context.Context) (flow.Flow, error) {
			f, err := dial(ctx)
			if err != nil {
				return nil, err
			}
			return wrap(f), nil
		}
	}
}

type wrappingListener struct {
	net.Listener
	wrap func(flow.Flow) flow.Flow
}

func (l wrappingListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return flow.NetConn(l.wrap(c)), nil
}

// pairs makes of an Open what flowtest wants.
func pairs(open httpover.Open) flowtest.Open {
	return func(t testing.TB) (a, b flow.Flow) {
		t.Helper()
		ln, dial := open(t, "http/1.1")
		defer ln.Close()
		accepted := make(chan net.Conn, 1)
		go func() {
			c, err := ln.Accept()
			if err != nil {
				t.Error(err)
			}
			accepted <- c
		}()
		a, err := dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return a, <-accepted
	}
}
