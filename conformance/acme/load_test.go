package acme

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/paf-go/paf/acme"
)

// A round is what h2load says of so many connections, each of which makes a handshake of its own and one request.
type round struct{ succeeded, failed int }

var h2loadSummary = regexp.MustCompile(`requests: (\d+) total, \d+ started, \d+ done, (\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout`)

// load has h2load open connections to where the CA connects for tls-alpn-01, for a name.
func (a *authority) load(ctx context.Context, name string, connections int) (round, error) {
	a.t.Helper()
	program, err := exec.LookPath("h2load")
	if err != nil {
		if os.Getenv("CI") == "true" {
			a.t.Fatal("there is no h2load: conformance/install.sh")
		}
		a.t.Skip("SKIPPED, NOTHING IS TESTED: there is no h2load (conformance/install.sh)")
	}
	const perSecond = "8" // other tests are to have their share of the machine
	n := strconv.Itoa(connections)
	out, err := exec.CommandContext(ctx, program, "-n", n, "-c", n, "-r", perSecond, "--connect-to="+a.TLS.Addr().String(), "https://"+name+"/").CombinedOutput()
	m := h2loadSummary.FindSubmatch(out)
	if err != nil || m == nil {
		return round{}, fmt.Errorf("h2load: %w\n%s", err, out)
	}
	total, _ := strconv.Atoi(string(m[1]))
	succeeded, _ := strconv.Atoi(string(m[2]))
	if total != connections {
		return round{}, fmt.Errorf("h2load has counted %d of %d connections:\n%s", total, connections, out)
	}
	return round{succeeded, total - succeeded}, nil
}

func TestCertificatesAreRenewedWhileALoadToolSeesNoFailedHandshake(t *testing.T) {
	t.Parallel()
	for _, ch := range []acme.Challenge{acme.TLSALPN01, acme.HTTP01} {
		t.Run(string(ch), func(t *testing.T) {
			t.Parallel()
			const validity = 40 // seconds, of which a machine that is busy may use most
			a := newAuthority(t, options{validity: validity})
			config := a.config()
			config.Challenges = []acme.Challenge{ch}
			config.RenewAt, config.CheckEvery = 38.0/validity, 100*time.Millisecond
			name := string(ch) + ".short.paf.test" // certmagic has one queue of renewals in a process, by names
			m := site(t, a, config)
			ctx := limited(t)
			defer func() {
				if t.Failed() {
					t.Log(a.logged())
				}
			}()
			if err := m.Manage(ctx, name); err != nil {
				t.Fatal(err)
			}
			if r, err := a.load(ctx, "stranger.paf.test", 16); err != nil || r.failed != 16 { // else it would not see what it is to see
				t.Fatalf("%+v, %v", r, err)
			}
			first, err := a.leaf(ctx, name)
			if err != nil {
				t.Fatal(err)
			}
			serials, all := map[string]bool{}, round{}
			for len(serials) < 3 || time.Now().Before(first.NotAfter) { // who had not renewed would have failed by then
				r, err := a.load(ctx, name, 16)
				if err != nil {
					t.Fatal(err)
				}
				all.succeeded, all.failed = all.succeeded+r.succeeded, all.failed+r.failed
				serial, err := a.handshake(ctx, name) // which h2load does not verify
				if err != nil || all.failed > 0 {
					t.Fatalf("after %d certificates: %+v, %v", len(serials), all, err)
				}
				serials[serial] = true
			}
			t.Logf("%d certificates, %+v", len(serials), all)
		})
	}
}
