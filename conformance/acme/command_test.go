package acme

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// browser returns a client that trusts the CA, follows no redirect and is led to the test's ports.
func (a *authority) browser() *http.Client {
	return &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DisableKeepAlives: true, ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: a.Roots},
			DialContext: func(ctx context.Context, _, addr string) (net.Conn, error) {
				to := a.TLS
				if strings.HasSuffix(addr, ":80") {
					to = a.HTTP
				}
				return new(net.Dialer).DialContext(ctx, "tcp", to.Addr().String())
			},
		},
	}
}

func TestPafServeGetsACertificate(t *testing.T) {
	t.Parallel()
	for _, only := range []string{"tls-alpn-01", "http-01"} {
		t.Run(only, func(t *testing.T) {
			t.Parallel()
			a := newAuthority(t, options{})
			folder := filepath.Join(t.TempDir(), "kept")
			p := a.servePaf(folder, "one.paf.test,two.paf.test", "--acme-agree", "--acme-email", "webmaster@paf.test")
			if only == "tls-alpn-01" {
				forward(t, a.TLS, p.secured)
			}
			forward(t, a.HTTP, p.clear)
			p.await(`one\.paf\.test: the CA looks at (one\.paf\.test:443 \(tls-alpn-01\))`)
			if only == "http-01" {
				forward(t, a.TLS) // to nobody
				p.await(`(one\.paf\.test: tls-alpn-01 has failed, the next challenge is tried)`)
			}
			p.await(`(two\.paf\.test has a certificate of 127\.0\.0\.1)`)
			if only == "http-01" {
				p.stop()
				return
			}
			for _, name := range []string{"one.paf.test", "two.paf.test"} {
				resp, err := a.browser().Get("https://" + name + "/")
				if err != nil {
					t.Fatal(err)
				}
				text, err := io.ReadAll(resp.Body)
				if err != nil || resp.StatusCode != 200 || resp.Proto != "HTTP/2.0" || len(text) == 0 {
					t.Errorf("%s: %s %s, %v", name, resp.Proto, resp.Status, err)
				}
				resp.Body.Close()
			}
			resp, err := a.browser().Get("http://one.paf.test/path?query")
			if err != nil || resp.StatusCode != 301 || resp.Header.Get("Location") != "https://one.paf.test/path?query" {
				t.Errorf("%v, %v", resp, err)
			}
			p.stop()
			a.checkSecrets(folder, p, 3) // the account's, and two certificates'

			again := a.servePaf(folder, "one.paf.test", "--acme-agree", "--acme-email", "webmaster@paf.test") // what is there is used
			again.await(`(one\.paf\.test has a certificate of 127\.0\.0\.1)`)
			again.stop()
			if n := a.taken("/order-plz"); n != 2 {
				t.Errorf("%d orders for 2 names", n)
			}
		})
	}
}

// checkSecrets looks at what modes keys have, and for them in what a process has printed and the CA got.
func (a *authority) checkSecrets(folder string, p *process, want int) {
	a.t.Helper()
	keys := kept(a.t, folder)
	if len(keys) != want {
		a.t.Errorf("%d keys are kept, not %d", len(keys), want)
	}
	_, out, errs := p.end()
	for _, text := range keys {
		_, forms := formsOf(a.t, text)
		for _, form := range forms {
			if bytes.Contains(a.everything(), form) || strings.Contains(out+errs, string(form)) {
				a.t.Error("a private key was sent or printed")
			}
		}
	}
}

func TestPafCertFromObtainToRevoke(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, options{})
	folder := filepath.Join(t.TempDir(), "kept")
	serial := regexp.MustCompile(`cert\.paf\.test +\S+ \S+ +89 days +127\.0\.0\.1\S+ +([0-9a-f]+)\n`)
	run := func(args ...string) (*process, string, string) {
		t.Helper()
		p := a.startCert(folder, args...)
		if args[0] == "obtain" || args[0] == "renew" {
			forward(t, a.TLS, p.desk("tls-alpn-01"))
		}
		status, out, errs := p.end()
		if status != 0 {
			t.Fatalf("%q has ended with %d: %s", args, status, errs)
		}
		return p, out, errs
	}
	list := func() string {
		t.Helper()
		_, out, _ := startPaf(t, "cert", "list", "--storage", "file://"+folder).end()
		return out
	}
	p, out, errs := run("obtain", "--acme-agree", "cert.paf.test")
	for _, want := range []string{"registering an account at " + a.URL, "cert.paf.test: ordering", "cert.paf.test: the CA looks at cert.paf.test:443 (tls-alpn-01)", "cert.paf.test: the certificate is here"} {
		if !strings.Contains(errs, want) {
			t.Errorf("not a word of %q in %s", want, errs)
		}
	}
	if !strings.Contains(out, "certificate "+folder) || !strings.Contains(out, "key         "+folder) {
		t.Errorf("it does not say where all is: %s", out)
	}
	a.checkSecrets(folder, p, 2)
	first := serial.FindStringSubmatch(list())
	if first == nil {
		t.Fatalf("the list: %s", list())
	}
	if _, _, errs = run("obtain", "cert.paf.test"); strings.Contains(errs, "ordering") {
		t.Errorf("what is there was ordered: %s", errs)
	}
	if _, _, errs = run("renew"); !strings.Contains(errs, "0 of 1 certificates were renewed") {
		t.Errorf("what is fresh: %s", errs)
	}
}

func TestPafCertRenewsAndRevokes(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, options{})
	folder := filepath.Join(t.TempDir(), "kept")
	server := a.servePaf(folder, "cert.paf.test", "--acme-agree", "--acme-email", "webmaster@paf.test")
	forward(t, a.TLS, server.secured)
	forward(t, a.HTTP, server.clear)
	server.await(`(cert\.paf\.test has a certificate)`)
	first := a.serial(folder)

	// The server answers for the command, whose own ports nobody reaches.
	if status, out, errs := a.cert(folder, "renew", "cert.paf.test"); status != 0 || !strings.Contains(out, "cert.paf.test until") {
		t.Fatalf("%d: %s", status, errs)
	}
	second := a.serial(folder)
	if second == first {
		t.Error("that is the same certificate")
	}
	if status, _, errs := a.cert(folder, "revoke", "--reason", "superseded", "cert.paf.test"); status != 0 || !strings.Contains(errs, "cert.paf.test: the certificate is revoked") {
		t.Fatalf("%d: %s", status, errs)
	}
	if status := a.get(a.admin + "/cert-status-by-serial/" + second); !strings.Contains(status, "Revoked") {
		t.Error(status)
	}
	if left := a.serial(folder); left != "" {
		t.Errorf("%s is kept still", left)
	}
	if status, _, errs := a.cert(folder, "renew", "cert.paf.test"); status != 1 || !strings.Contains(errs, "has no certificate of the CA "+a.URL) {
		t.Errorf("%d: %s", status, errs)
	}
	server.stop()
}

// serial returns the serial number of the certificate that `paf cert list` shows.
func (a *authority) serial(folder string) string {
	a.t.Helper()
	status, out, errs := startPaf(a.t, "cert", "list", "--storage", "file://"+folder).end()
	if status != 0 || (errs == "") == (out == "") { // it says so if there is none
		a.t.Fatalf("%d: %s", status, errs)
	}
	m := regexp.MustCompile(`cert\.paf\.test .* ([0-9a-f]+)\n`).FindStringSubmatch(out)
	if m == nil {
		return ""
	}
	return m[1]
}

func TestPafSaysWhatHasFailed(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, options{})
	if err := a.setDNS(limited(t), "add-a", map[string]any{"host": "wrong.paf.test", "addresses": []string{"127.0.0.77"}}); err != nil {
		t.Fatal(err)
	}
	a.answerInstead(func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/order-plz" || !bytes.Contains(a.everything(), []byte(`"often.paf.test"`)) {
			return false
		}
		w.Header().Set("Retry-After", "3600")
		problem(w, 429, "rateLimited", "too many new orders recently")
		return true
	})
	for _, c := range []struct {
		status int
		args   []string // of obtain
		want   []string
	}{
		{9, []string{"--acme-agree", "wrong.paf.test"}, []string{
			"paf: wrong.paf.test: the challenge tls-alpn-01 has failed at wrong.paf.test:443: the CA " + a.URL + " says: ",
			"wrong.paf.test: the challenge http-01 has failed at http://wrong.paf.test/.well-known/acme-challenge/", "127.0.0.77", "connection refused",
			"Look at the A and AAAA records of wrong.paf.test: each must be an address of this machine", "a firewall on the way must let port 80 through",
		}},
		{2, []string{"terms.paf.test"}, []string{"the CA has terms of service that nobody has agreed to", "Read them, and give --acme-agree."}},
		{7, []string{"--acme-agree", "--acme-dir", "https://127.0.0.77:1/dir", "x.paf.test"}, []string{"The CA's server was not reached"}},
		{60, []string{"--acme-agree", "--acme-dir", a.admin + "/dir", "--acme-ca-root", a.trusted(), "x.paf.test"}, []string{"is not trusted: give --acme-ca-root"}},
		{75, []string{"--acme-agree", "often.paf.test"}, []string{"too many new orders recently", "Wait, and do not ask again before"}},
	} {
		status, out, errs := a.cert(t.TempDir(), append([]string{"obtain"}, c.args...)...)
		if status != c.status || out != "" {
			t.Errorf("%q has ended with %d, not %d: %s%s", c.args, status, c.status, out, errs)
		}
		for _, want := range c.want {
			if !strings.Contains(errs, want) {
				t.Errorf("%q: not a word of %q in %s", c.args, want, errs)
			}
		}
	}
	if status, _, errs := a.servePaf(t.TempDir(), "terms.paf.test").end(); status != 2 || !strings.Contains(errs, "give --acme-agree") {
		t.Errorf("%d: %s", status, errs)
	}
}
