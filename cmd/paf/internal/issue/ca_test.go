package issue

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paf-go/paf/acme"
	"github.com/paf-go/paf/cmd/paf/internal/exit"
)

func TestEachCAHasItsPlaceInTheLists(t *testing.T) {
	all, err := CAs([]string{"staging", "https://b.test/dir", "https://c.test/dir"}, []string{None, "b.pem"}, []string{None, "one", "two"}, []string{None, "b.mac"}, "key")
	if err != nil {
		t.Fatal(err)
	}
	want := []CA{{Directory: "staging"}, {"https://b.test/dir", "b.pem", "one", "b.mac", ""}, {"https://c.test/dir", "", "two", "", "key"}}
	for n := range want {
		if all[n] != want[n] {
			t.Errorf("%+v, not %+v", all[n], want[n])
		}
	}
	for _, c := range []struct {
		roots, ids, files []string
		key, want         string
	}{
		{roots: []string{"a", "b"}, want: "--acme-ca-root is there 2 times"},
		{ids: []string{"one"}, want: "--eab-kid one has no key"},
		{ids: []string{None}, files: []string{"f"}, want: "--eab-hmac-file f has no --eab-kid"},
	} {
		if _, err := CAs([]string{"staging"}, c.roots, c.ids, c.files, c.key); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, not %q", err, c.want)
		}
	}
}

func TestAMACKeyIsReadAndNeverCited(t *testing.T) {
	file := filepath.Join(t.TempDir(), "mac")
	for _, c := range []struct{ text, want string }{
		{"c2VjcmV0LWtleQ", "c2VjcmV0LWtleQ"}, {" c2VjcmV0LWtleQ==\r\n", "c2VjcmV0LWtleQ"}, {"_-_-", "_-_-"},
		{"", ""}, {"==", ""}, {"+/secret", ""}, {"two secrets", ""},
	} {
		if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, ca := range []CA{{KeyID: "one", MACFile: file}, {KeyID: "one", MACKey: c.text}} {
			got, err := ca.config()
			if got.MACKey != c.want || (err == nil) != (c.want != "") {
				t.Errorf("%q: %q, %v", c.text, got.MACKey, err)
			}
			if err != nil && (exit.CodeOf(err) != exit.Usage || strings.Contains(err.Error(), "secret")) {
				t.Errorf("%d: %v", exit.CodeOf(err), err)
			}
		}
	}
	if _, err := (&CA{KeyID: "one", MACFile: file + "s"}).config(); exit.CodeOf(err) != exit.Read {
		t.Error(err)
	}
}

func TestNamesAreAsCertificatesHaveThem(t *testing.T) {
	names, err := Names("Example.ORG.,example.org", " *.example.org,192.0.2.1, 0::01,::ffff:192.0.2.1", "münchen.example,*.München.example")
	want := "example.org *.example.org 192.0.2.1 ::1 xn--mnchen-3ya.example *.xn--mnchen-3ya.example"
	if got := strings.Join(names, " "); got != want || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	for _, bad := range []string{"", "*.", "*", "a.*.test", "*.192.0.2.1:80", "https://x", "a b", "x@y", "ü \u202e.test", "::1%lo", "[::1]"} {
		if _, err := Names(bad); err == nil {
			t.Errorf("%q is a name", bad)
		}
	}
}

func TestAWildcardHasToBeProvableToBeOrdered(t *testing.T) {
	o := Options{}
	if err := o.Provable([]string{"a.test", "*.a.test"}); err == nil || !strings.Contains(err.Error(), "--dns-hook") {
		t.Errorf("%v", err)
	}
	o.Hook = &Hook{}
	if err := o.Provable([]string{"*.a.test"}); err != nil {
		t.Error(err)
	}
}

func TestKindsOfKeysAreNamed(t *testing.T) {
	for word, want := range map[string]acme.KeyType{"ecdsa256": acme.P256, "RSA4096": acme.RSA4096, "ed25519": "", "": ""} {
		if got, err := KeyTypeOf(word); got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v", word, got, err)
		}
	}
}
