package acme

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paf-go/paf/internal/fleettest"
)

const fleetName = "fleet.paf.test"

func (a *authority) member(storage string) *process {
	a.t.Helper()
	return a.servePaf(storage, fleetName, "--acme-agree", "--acme-email", "webmaster@paf.test")
}

func TestPafServeInAFleetOrdersOnce(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, options{})
	storage := fleettest.StartRedis(t).URL("lock_ttl=2s")
	fleet := []*process{a.member(storage), a.member(storage), a.member(storage)}
	forward(t, a.TLS, fleet[0].secured, fleet[1].secured, fleet[2].secured) // whoever orders, others are asked, too
	forward(t, a.HTTP, fleet[0].clear, fleet[1].clear, fleet[2].clear)
	for _, p := range fleet {
		p.await(`(fleet\.paf\.test has a certificate of)`)
	}
	if n := a.taken("/order-plz"); n != 1 {
		t.Errorf("%d orders", n)
	}
	if n := a.taken("/sign-me-up"); n != 1 {
		t.Errorf("%d accounts", n)
	}
	a.resumes(fleet)
	for _, p := range fleet {
		p.stop()
	}
}

// resumes makes a full handshake with the first of a fleet, and has the session go on at all.
func (a *authority) resumes(fleet []*process) {
	a.t.Helper()
	sessions := tls.NewLRUClientSessionCache(1)
	for n, p := range fleet {
		addr, _ := p.secured()
		var state tls.ConnectionState
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true,
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, "tcp", addr)
			},
			TLSClientConfig: &tls.Config{RootCAs: a.Roots, ClientSessionCache: sessions, VerifyConnection: func(s tls.ConnectionState) error {
				state = s
				return nil
			}}}}
		resp, err := client.Get("https://" + fleetName + "/")
		if err != nil {
			a.t.Fatal(err)
		}
		_, err = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != 200 || state.DidResume != (n > 0) {
			a.t.Errorf("at %d of the fleet: %s, %v, resumed: %t", n, resp.Status, err, state.DidResume)
		}
	}
}

func TestAFleetGoesOnWithoutTheOneThatWasKilled(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"/order-plz", "/chalZ/", "/finalize-order/"} {
		t.Run(strings.Trim(step, "/"), func(t *testing.T) {
			t.Parallel()
			a := newAuthority(t, options{})
			storage := fleettest.StartRedis(t).URL("lock_ttl=2s")
			reached, killed := make(chan struct{}), make(chan struct{})
			var first atomic.Bool
			a.answerInstead(func(_ http.ResponseWriter, r *http.Request) bool {
				if !strings.HasPrefix(r.URL.Path, step) || !first.CompareAndSwap(false, true) {
					return false
				}
				close(reached)
				<-killed
				return true
			})
			holder := a.member(storage)
			others := make([]*process, 2)
			started := make(chan struct{})
			reachable := func(of func() *process, now bool) func() (string, bool) {
				return func() (string, bool) {
					select {
					case <-started: // the holder is gone, or will be in a moment
						if now {
							return of().secured()
						}
					default:
						if !now {
							return of().secured()
						}
					}
					return "", false
				}
			}
			forward(t, a.TLS, reachable(func() *process { return holder }, false), reachable(func() *process { return others[0] }, true),
				reachable(func() *process { return others[1] }, true))
			select {
			case <-reached:
			case <-time.After(patience):
				t.Fatal("nobody has ordered")
			}
			others[0], others[1] = a.member(storage), a.member(storage)
			close(started)
			for _, p := range others {
				p.secured()
			}
			if err := holder.cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			holder.end()
			close(killed)
			for _, p := range others {
				p.await(`(fleet\.paf\.test has a certificate of)`)
			}
			if n := a.taken("/order-plz"); n > 2 || step == "/order-plz" && n != 1 { // that of who was killed is void
				t.Errorf("%d orders", n)
			}
			if n := a.taken("/finalize-order/"); n < 1 {
				t.Errorf("%d certificates", n)
			}
			a.resumes(others)
			for _, p := range others {
				p.stop()
			}
		})
	}
}
