package acme

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// hook writes a program for --dns-hook, which has the test's server of DNS say what it is told, and returns it and the file in which it notes that down.
func (a *authority) hook() (program, notes string) {
	a.t.Helper()
	paf, err := pafProgram()
	if err != nil {
		a.t.Fatal(err)
	}
	dir := a.t.TempDir()
	program, notes = filepath.Join(dir, "hook"), filepath.Join(dir, "notes")
	text := fmt.Sprintf(`#!/bin/sh
echo "$1 $2" >>%s
case $1 in
present) exec %[2]s get --fail --data "{\"host\":\"$2\",\"value\":\"$3\"}" %[3]s/set-txt ;;
cleanup) exec %[2]s get --fail --data "{\"host\":\"$2\"}" %[3]s/clear-txt ;;
esac
exit 1
`, notes, paf, a.dnsAdmin)
	if err := os.WriteFile(program, []byte(text), 0o700); err != nil {
		a.t.Fatal(err)
	}
	return program, notes
}

// leafIn returns the certificate whose file `paf cert` has named.
func leafIn(t *testing.T, out string) *x509.Certificate {
	t.Helper()
	m := regexp.MustCompile(`(?m)^  certificate (.*)$`).FindStringSubmatch(out)
	if m == nil {
		t.Fatalf("no certificate is named: %s", out)
	}
	text, err := os.ReadFile(m[1])
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return leaf
}

func TestPafProvesWildcardsByAProgram(t *testing.T) {
	t.Parallel()
	for _, ipv6 := range []bool{false, true} {
		t.Run(fmt.Sprint("IPv6 ", ipv6), func(t *testing.T) {
			t.Parallel()
			const name = "*.hook.paf.test"
			a := newAuthority(t, options{ipv6: ipv6})
			folder := filepath.Join(t.TempDir(), "kept")
			program, notes := a.hook()
			run := func(args ...string) (out, errs string) {
				t.Helper()
				p := startPaf(t, append(args, "--acme-dir", a.URL, "--acme-ca-root", a.trusted(), "--storage", folder)...)
				status, out, errs := p.end()
				if status != 0 || strings.Contains(errs, "is answered at") {
					t.Fatalf("%q has ended with %d: %s", args, status, errs)
				}
				return out, errs
			}
			hooked := []string{"--acme-agree", "--dns-hook", program, "--dns-resolver", a.DNS}
			out, _ := run(append([]string{"cert", "obtain", "--key-type", "rsa2048", name}, hooked...)...)
			first := leafIn(t, out)
			out, _ = run(append([]string{"cert", "renew", name}, hooked...)...)
			second := leafIn(t, out)
			for _, leaf := range []*x509.Certificate{first, second} { // the kind of key stays
				if key, is := leaf.PublicKey.(*rsa.PublicKey); !is || key.N.BitLen() != 2048 || leaf.DNSNames[0] != name {
					t.Errorf("%T for %v", leaf.PublicKey, leaf.DNSNames)
				}
			}
			if first.SerialNumber.Cmp(second.SerialNumber) == 0 {
				t.Error("that is the same certificate")
			}
			if _, errs := run(append([]string{"cert", "renew"}, hooked...)...); !strings.Contains(errs, "0 of 1 certificates were renewed") {
				t.Error(errs)
			}
			said, err := os.ReadFile(notes)
			const once = "present _acme-challenge.hook.paf.test.\ncleanup _acme-challenge.hook.paf.test.\n"
			if n := strings.Count(string(said), once); n < 1 || n > 2 || strings.Repeat(once, n) != string(said) || err != nil { // pebble believes a proof twice, once in a hundred times
				t.Errorf("%q, %v", said, err)
			}

			server := a.servePaf(folder, name, hooked...)
			forward(t, a.TLS, server.secured)
			server.await(`(\*\.hook\.paf\.test has a certificate)`)
			resp, err := a.browser().Get("https://any.hook.paf.test/")
			if err != nil || resp.StatusCode != 200 {
				t.Fatalf("%v, %v", resp, err)
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
			server.stop()

			if _, errs := run("cert", "revoke", name); !strings.Contains(errs, "the certificate is revoked") { // which needs no proof
				t.Error(errs)
			}
			if status := a.get(a.admin + "/cert-status-by-serial/" + fmt.Sprintf("%x", second.SerialNumber)); !strings.Contains(status, "Revoked") {
				t.Error(status)
			}
		})
	}
}

func TestPafRenewsEachNameWithItsKindOfKey(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, options{})
	folder := t.TempDir()
	program, _ := a.hook()
	kinds := func(out string) string {
		var all []string
		for _, one := range strings.SplitAfter(strings.TrimSpace(out), ".key\n") {
			switch key := leafIn(t, one).PublicKey.(type) {
			case *rsa.PublicKey:
				all = append(all, fmt.Sprint(leafIn(t, one).DNSNames[0], " RSA ", key.N.BitLen()))
			case *ecdsa.PublicKey:
				all = append(all, fmt.Sprint(leafIn(t, one).DNSNames[0], " ", key.Params().Name))
			}
		}
		return strings.Join(all, ", ")
	}
	run := func(args ...string) string {
		t.Helper()
		p := startPaf(t, append(args, "--acme-agree", "--acme-dir", a.URL, "--acme-ca-root", a.trusted(), "--storage", folder, "--dns-hook", program, "--dns-resolver", a.DNS)...)
		status, out, errs := p.end()
		if status != 0 {
			t.Fatalf("%q has ended with %d: %s", args, status, errs)
		}
		return kinds(out)
	}
	first := run("cert", "obtain", "--key-type", "rsa2048", "r.paf.test") + ", " + run("cert", "obtain", "--key-type", "ECDSA384", "e.paf.test")
	const want = "r.paf.test RSA 2048, e.paf.test P-384"
	if again := run("cert", "renew", "r.paf.test", "e.paf.test"); first != want || again != want {
		t.Errorf("%s, and then %s", first, again)
	}
	if changed := run("cert", "renew", "--key-type", "ecdsa256", "r.paf.test"); changed != "r.paf.test P-256" {
		t.Error(changed)
	}
}

func TestPafSaysWhyAProgramHasNotProvedAName(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, options{})
	program := filepath.Join(t.TempDir(), "hook")
	if err := os.WriteFile(program, []byte("#!/bin/sh\necho no zone of that name >&2\nexit 3\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	status, out, errs := a.startCert(t.TempDir(), "obtain", "--acme-agree", "--dns-hook", program, "--dns-resolver", a.DNS, "*.no.paf.test").end()
	want := "--dns-hook did not add a TXT record of _acme-challenge.no.paf.test: " + program + " present _acme-challenge.no.paf.test.: exit status 3: no zone of that name"
	if status != 9 || out != "" || !strings.Contains(errs, want) {
		t.Errorf("%d: %s%s", status, out, errs)
	}
}

func TestPafBindsAnExternalAccount(t *testing.T) {
	t.Parallel()
	const mac = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"
	a := newAuthority(t, options{pebble: map[string]any{"externalAccountBindingRequired": true, "externalAccountMACKeys": map[string]string{"kid-1": mac}}})
	file := filepath.Join(t.TempDir(), "mac")
	if err := os.WriteFile(file, []byte(mac+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if status, _, errs := a.cert(t.TempDir(), "obtain", "--acme-agree", "eab.paf.test"); status != 22 || !strings.Contains(errs, "give --eab-kid and --eab-hmac-file") {
		t.Errorf("%d: %s", status, errs)
	}
	folder := filepath.Join(t.TempDir(), "kept")
	p := a.startCert(folder, "obtain", "--verbose", "--acme-agree", "--eab-kid", "kid-1", "--eab-hmac-file", file, "eab.paf.test")
	forward(t, a.TLS, p.desk("tls-alpn-01"))
	status, out, errs := p.end()
	if status != 0 || !strings.Contains(out, "eab.paf.test until") {
		t.Errorf("%d: %s", status, errs)
	}
	if !bytes.Contains(a.everything(), []byte("externalAccountBinding")) || strings.Contains(out+errs, mac) || bytes.Contains(a.everything(), []byte(mac)) {
		t.Error("the MAC key was printed or sent, or nothing was bound by it")
	}
}

func TestPafAsksOneCAAfterTheOther(t *testing.T) {
	t.Parallel()
	first := newAuthority(t, options{pebble: map[string]any{"domainBlocklist": []string{"turn.paf.test"}}})
	second := newAuthority(t, options{})
	folder := filepath.Join(t.TempDir(), "kept")
	run := func(args ...string) (out, errs string) {
		t.Helper()
		p := first.startCert(folder, append(args, "--acme-agree", "--acme-dir", first.URL, "--acme-ca-root", first.trusted(),
			"--acme-dir", second.URL, "--acme-ca-root", second.trusted())...)
		if args[0] != "revoke" {
			forward(t, second.TLS, p.desk("tls-alpn-01"))
		}
		status, out, errs := p.end()
		if status != 0 {
			t.Fatalf("%q has ended with %d: %s", args, status, errs)
		}
		return out, errs
	}
	out, errs := run("obtain", "turn.paf.test")
	if !strings.Contains(errs, "turn.paf.test: no certificate was issued by "+first.URL+": turn.paf.test: there is no certificate: the CA ") || !strings.Contains(errs, "forbidden") {
		t.Errorf("why the first has refused: %s", errs)
	}
	if leaf := leafIn(t, out); len(second.got("/order-plz")) == 0 || strings.Count(out, " until ") != 1 {
		t.Errorf("%v of %s: %s", leaf.DNSNames, leaf.Issuer, out)
	}
	if _, errs = run("renew"); !strings.Contains(errs, "0 of 1 certificates were renewed") {
		t.Error(errs)
	}
	if _, errs = run("revoke", "turn.paf.test"); !strings.Contains(errs, "turn.paf.test: the certificate is revoked") {
		t.Error(errs)
	}
}
