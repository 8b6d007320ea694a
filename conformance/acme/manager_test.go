package acme

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/acme"
)

// site serves on the ports to which the CA connects, with a Manager that ends with the test.
func site(t *testing.T, a *authority, config acme.Config) *acme.Manager {
	t.Helper()
	m, err := acme.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	serveWith(t, a, m)
	return m
}

func serveWith(t *testing.T, a *authority, m *acme.Manager) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	hello := paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) { _, _ = w.WriteString("hello") })
	s := &paf.Server{Handler: hello, TLSConfig: m.TLSConfig(), Log: a.logger()}
	clear := &paf.Server{Handler: m.HTTPHandler(nil), Log: a.logger()}
	done := make(chan error, 2)
	go func() { done <- s.ServeTLS(ctx, a.TLS, "", "") }()
	go func() { done <- clear.Serve(ctx, a.HTTP) }()
	t.Cleanup(func() {
		stop()
		for range 2 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	})
}

// handshake returns the serial number of the certificate that a client gets which trusts the CA.
func (a *authority) handshake(ctx context.Context, name string) (string, error) {
	leaf, err := a.leaf(ctx, name)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%x", leaf.SerialNumber), nil
}

// leaf returns that certificate.
func (a *authority) leaf(ctx context.Context, name string) (*x509.Certificate, error) {
	d := tls.Dialer{Config: &tls.Config{RootCAs: a.Roots, ServerName: name, NextProtos: []string{"http/1.1"}}}
	c, err := d.DialContext(ctx, "tcp", a.TLS.Addr().String())
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return c.(*tls.Conn).ConnectionState().PeerCertificates[0], nil
}

func TestARenewalThatFailsKeepsTheOldCertificate(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, options{validity: 3600})
	config := a.config()
	failed := make(chan struct{}, 100)
	config.OnStep = func(s acme.Step) {
		if s.Kind == acme.Failed {
			failed <- struct{}{}
		}
	}
	config.RenewAt, config.CheckEvery = 0.9999, 50*time.Millisecond // at once, but not the one that is new
	m := site(t, a, config)
	a.answerInstead(func(w http.ResponseWriter, r *http.Request) bool {
		if a.taken("/order-plz") == 0 || r.URL.Path != "/order-plz" {
			return false
		}
		problem(w, 403, "unauthorized", "no more of that")
		return true
	})
	if err := m.Manage(limited(t), "old.paf.test"); err != nil {
		t.Fatal(err)
	}
	first, err := a.handshake(t.Context(), "old.paf.test")
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-failed:
	case <-limited(t).Done():
		t.Fatal("nobody has tried to renew")
	}
	if again, err := a.handshake(t.Context(), "old.paf.test"); err != nil || again != first {
		t.Errorf("%v: %s, and before %s", err, again, first)
	}
}

func TestACertificateIsRevoked(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, options{})
	m := site(t, a, a.config())
	ctx := limited(t)
	if err := m.Manage(ctx, "gone.paf.test"); err != nil {
		t.Fatal(err)
	}
	serial, err := a.handshake(ctx, "gone.paf.test")
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Revoke(ctx, "gone.paf.test", 4); err != nil {
		t.Fatal(err)
	}
	if status := a.get(a.admin + "/cert-status-by-serial/" + serial); !strings.Contains(status, "Revoked") {
		t.Error(status)
	}
	if _, err := a.handshake(ctx, "gone.paf.test"); err == nil {
		t.Error("a certificate that was revoked is served")
	}
	if err := m.Manage(ctx, "gone.paf.test"); err != nil {
		t.Error(err)
	}
	if again, err := a.handshake(ctx, "gone.paf.test"); err != nil || again == serial {
		t.Errorf("%v, %s", err, again)
	}
}

func TestWhatIsOnTheWayIsNotTakenOfANameThatIsRevoked(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, options{})
	config := a.config()
	m := site(t, a, config)
	ctx := limited(t)
	const name = "back.paf.test"
	if err := m.Manage(ctx, name); err != nil {
		t.Fatal(err)
	}
	var first sync.Once
	ordered, revoked := make(chan struct{}), make(chan struct{})
	a.answerInstead(func(_ http.ResponseWriter, r *http.Request) bool {
		if strings.HasPrefix(r.URL.Path, "/finalize-order/") {
			first.Do(func() { close(ordered); <-revoked })
		}
		return false
	})
	renewed := make(chan error, 1)
	go func() { renewed <- m.Renew(ctx, name) }()
	<-ordered
	if err := m.Revoke(ctx, name, 1); err != nil {
		t.Error(err)
	}
	close(revoked)
	if err := <-renewed; err == nil {
		t.Error("it was renewed")
	}
	if _, err := a.handshake(ctx, name); err == nil {
		t.Error("it is served")
	}
	if all, err := acme.List(ctx, config.Storage); err != nil || len(all) > 0 {
		t.Errorf("the Storage has %v, %v", all, err)
	}
	if err := m.Manage(ctx, name); err != nil {
		t.Error(err)
	}
}

func TestARenewalCanBeAskedFor(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, options{})
	config := a.config()
	config.IgnoreARI = false
	m := site(t, a, config)
	ctx := limited(t)
	if err := m.Manage(ctx, "twice.paf.test"); err != nil {
		t.Fatal(err)
	}
	first, _ := a.handshake(ctx, "twice.paf.test")
	if err := m.Renew(ctx, "twice.paf.test"); err != nil {
		t.Fatal(err)
	}
	if second, err := a.handshake(ctx, "twice.paf.test"); err != nil || second == first {
		t.Errorf("%v: %s, and before %s", err, second, first)
	}
	if !bytes.Contains(a.everything(), []byte(`"replaces":`)) {
		t.Error("the CA was not told which certificate the new one replaces (RFC 9773, Section 5)")
	}
}

func TestAWrongRecordIsReportedInPlainWords(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, options{})
	ctx := limited(t)
	if err := a.setDNS(ctx, "add-a", map[string]any{"host": "wrong.paf.test", "addresses": []string{"127.0.0.77"}}); err != nil {
		t.Fatal(err)
	}
	m := site(t, a, a.config())
	err := m.Manage(ctx, "wrong.paf.test")
	for _, want := range []string{
		"acme: wrong.paf.test: the challenge tls-alpn-01 has failed at wrong.paf.test:443: the CA " + a.URL + " says: ",
		"acme: wrong.paf.test: the challenge http-01 has failed at http://wrong.paf.test/.well-known/acme-challenge/",
		"127.0.0.77", "connection refused",
		"Look at the A and AAAA records of wrong.paf.test: each must be an address of this machine",
		"port 443", "port 80",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("not a word of %q", want)
		}
	}
	var e *acme.Error
	if !errors.As(err, &e) || e.Challenge != acme.TLSALPN01 || !strings.Contains(e.Problem.Detail, "127.0.0.77") || e.Address != "wrong.paf.test:443" {
		t.Errorf("%+v", e)
	}

	// Without any record, and with one of DNS that is not there.
	if err := a.setDNS(ctx, "set-default-ipv4", map[string]string{"ip": ""}); err != nil {
		t.Fatal(err)
	}
	if err := m.Manage(ctx, "none.paf.test"); err == nil || !strings.Contains(err.Error(), "none.paf.test") {
		t.Error(err)
	}
}

func problem(w http.ResponseWriter, status int, kind, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"type":"urn:ietf:params:acme:error:%s","detail":%q,"status":%d}`, kind, detail, status)
}

// limit has the CA say once that it was asked too often.
func limit(a *authority, after func() string) {
	var once sync.Once
	a.answerInstead(func(w http.ResponseWriter, r *http.Request) (said bool) {
		if r.URL.Path == "/order-plz" {
			once.Do(func() {
				w.Header().Set("Retry-After", after())
				problem(w, 429, "rateLimited", "too many new orders recently")
				said = true
			})
		}
		return said
	})
}

func TestRateLimitsAreHonoured(t *testing.T) {
	t.Parallel()
	for name, after := range map[string]func() string{
		"seconds": func() string { return "2" },
		"date":    func() string { return time.Now().Add(3 * time.Second).UTC().Format(http.TimeFormat) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAuthority(t, options{})
			limit(a, after)
			config := a.config()
			var waited []time.Time
			config.OnStep = func(s acme.Step) {
				if s.Kind == acme.Waiting {
					waited = append(waited, s.Until)
				}
			}
			if err := site(t, a, config).Manage(limited(t), "often.paf.test"); err != nil {
				t.Fatal(err)
			}
			asked := a.got("/order-plz")
			if len(waited) != 1 || len(asked) < 2 || asked[0].status != 429 {
				t.Fatalf("waited until %v, asked %d times", waited, len(asked))
			}
			if asked[1].at.Before(waited[0]) || asked[1].at.Sub(asked[0].at) < time.Second {
				t.Errorf("asked at %v and at %v, and the CA said %v", asked[0].at, asked[1].at, waited[0])
			}
		})
	}
	t.Run("for long", func(t *testing.T) {
		t.Parallel()
		a := newAuthority(t, options{})
		limit(a, func() string { return "3600" })
		m := site(t, a, a.config())
		for n := range 2 {
			err := m.Manage(limited(t), "often.paf.test")
			var e *acme.Error
			if !errors.Is(err, acme.ErrTooOften) || !errors.As(err, &e) || time.Until(e.RetryAfter).Round(time.Minute) != time.Hour {
				t.Errorf("%v", err)
			}
			if asked := a.got("/order-plz"); len(asked) != 1 {
				t.Errorf("%d: asked %d times", n, len(asked))
			}
		}
		if err := m.Manage(limited(t), "other.paf.test"); err != nil { // of which the CA has said nothing
			t.Error(err)
		}
	})
}

func TestAFleetOrdersOnceAndAnyOfItAnswers(t *testing.T) {
	t.Parallel()
	for _, ch := range []acme.Challenge{acme.TLSALPN01, acme.HTTP01} {
		t.Run(string(ch), func(t *testing.T) {
			t.Parallel()
			a := newAuthority(t, options{})
			config := a.config()
			config.Challenges = []acme.Challenge{ch}
			one, err := acme.New(config) // it orders, and no CA reaches it
			if err != nil {
				t.Fatal(err)
			}
			defer one.Close()
			two := site(t, a, config)
			if err := one.Manage(limited(t), "fleet.paf.test"); err != nil {
				t.Fatal(err)
			}
			errs := make(chan error, 2)
			for _, m := range []*acme.Manager{one, two} { // and another name by both at once
				go func() {
					errs <- errors.Join(m.Manage(limited(t), "again.paf.test"), m.Manage(limited(t), "fleet.paf.test"))
				}()
			}
			for range 2 {
				if err := <-errs; err != nil {
					t.Error(err)
				}
			}
			if n := a.taken("/order-plz"); n != 2 {
				t.Errorf("%d orders for 2 names", n)
			}
			if n := a.taken("/sign-me-up"); n != 1 {
				t.Errorf("%d accounts", n)
			}
			if _, err := a.handshake(t.Context(), "fleet.paf.test"); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestNamesAreDecidedAboutOnDemand(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, options{})
	config := a.config()
	config.OnDemand = func(_ context.Context, name string) error {
		if name != "demand.paf.test" {
			return errors.New("not ours")
		}
		return nil
	}
	m := site(t, a, config)
	ctx := limited(t)
	if err := m.Manage(ctx, "managed.paf.test"); err != nil {
		t.Fatal(err)
	}
	orders := a.taken("/order-plz")
	for name, want := range map[string]bool{"demand.paf.test": true, "managed.paf.test": true, "foreign.paf.test": false} {
		if _, err := a.handshake(ctx, name); (err == nil) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := a.taken("/order-plz") - orders; n != 1 {
		t.Errorf("%d orders", n)
	}
}

func TestAnOrderGoesOnWithoutItsHandshake(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, options{})
	config := a.config()
	config.OnDemand = func(context.Context, string) error { return nil }
	const name = "impatient.paf.test"
	issued := make(chan struct{})
	config.OnStep = func(s acme.Step) {
		if s.Kind == acme.Issued {
			close(issued)
		}
	}
	var first sync.Once
	ordered, left := make(chan struct{}), make(chan struct{})
	a.answerInstead(func(http.ResponseWriter, *http.Request) bool {
		if len(a.got("/order-plz")) > 0 {
			first.Do(func() { close(ordered); <-left })
		}
		return false
	})
	site(t, a, config)
	ctx, leave := context.WithCancel(limited(t))
	go func() { <-ordered; leave() }()
	if _, err := a.handshake(ctx, name); err == nil {
		t.Error("there was a certificate before it was issued")
	}
	close(left)
	<-issued
	if _, err := a.handshake(limited(t), name); err != nil {
		t.Error(err)
	}
	if n := a.taken("/order-plz"); n != 1 {
		t.Errorf("%d orders", n)
	}
}

func TestTheProtocolOfTheChallengeIsNobodyElses(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, options{})
	m := site(t, a, a.config())
	ctx := limited(t)
	if err := m.Manage(ctx, "quiet.paf.test"); err != nil {
		t.Fatal(err)
	}
	for _, protocols := range [][]string{{"acme-tls/1"}, {"acme-tls/1", "h2"}} {
		d := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true, ServerName: "quiet.paf.test", NextProtos: protocols}}
		c, err := d.DialContext(ctx, "tcp", a.TLS.Addr().String())
		if alone := len(protocols) == 1; (err != nil) != alone {
			t.Errorf("%v: %v", protocols, err)
		}
		if err == nil {
			if p := c.(*tls.Conn).ConnectionState().NegotiatedProtocol; p != "h2" {
				t.Errorf("%v: %q", protocols, p)
			}
			_ = c.Close()
		}
	}
}

func TestCloseEndsAnOrder(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, options{})
	asked := make(chan struct{})
	a.answerInstead(func(_ http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/order-plz" {
			close(asked)
			<-r.Context().Done()
			return true
		}
		return false
	})
	m := site(t, a, a.config())
	done := make(chan error, 1)
	go func() { done <- m.Manage(context.Background(), "never.paf.test") }()
	<-asked
	m.Close()
	if err := <-done; !errors.Is(err, acme.ErrClosed) && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := m.Manage(context.Background(), "never.paf.test"); !errors.Is(err, acme.ErrClosed) {
		t.Error(err)
	}
}
