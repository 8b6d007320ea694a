package acme

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/paf-go/paf/acme"
)

// TestPrivateKeysStayWhereTheyAre looks for keys in everything that the CA got and that was logged.
func TestPrivateKeysStayWhereTheyAre(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, options{})
	folder := filepath.Join(t.TempDir(), "kept")
	config := a.config()
	config.Storage = acme.Files(folder)
	m := site(t, a, config)
	ctx := limited(t)
	if err := m.Manage(ctx, "secret.paf.test"); err != nil {
		t.Fatal(err)
	}
	keys := kept(t, folder)
	if len(keys) != 2 {
		t.Fatalf("%d keys are in the Storage: the account's and the certificate's were expected", len(keys))
	}
	if err := m.Renew(ctx, "secret.paf.test"); err != nil {
		t.Fatal(err)
	}
	keys = append(keys, kept(t, folder)...)
	if err := m.Revoke(ctx, "secret.paf.test", 0); err != nil {
		t.Fatal(err)
	}
	wire, logged := a.everything(), []byte(a.logged())
	for _, text := range keys {
		key, forms := formsOf(t, text)
		for _, form := range forms {
			if bytes.Contains(wire, form) {
				t.Error("a private key was sent to the CA")
			}
			if bytes.Contains(logged, form) {
				t.Error("a private key was logged")
			}
		}
		public, err := key.PublicKey.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		if x := public[1:33]; !bytes.Contains(wire, x) && !bytes.Contains(wire, []byte(base64.RawURLEncoding.EncodeToString(x))) {
			t.Error("the public key is not found, so a private one would not have been either")
		}
	}
	if !bytes.Contains(logged, []byte("secret.paf.test")) {
		t.Error("nothing was logged")
	}
}

// kept returns the private keys in a folder, and looks at the modes of all that is there.
func kept(t *testing.T, folder string) (keys [][]byte) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		if e.IsDir() {
			if info.Mode().Perm() != 0o700 && runtime.GOOS != "windows" {
				t.Errorf("%s has the mode %v", path, info.Mode())
			}
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if strings.Contains(path, "challenge") {
			t.Errorf("%s was left behind", path)
		}
		if !bytes.Contains(text, []byte("PRIVATE KEY")) {
			return nil
		}
		keys = append(keys, text)
		if info.Mode().Perm() != 0o600 && runtime.GOOS != "windows" {
			t.Errorf("%s has the mode %v", path, info.Mode())
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// everything returns all that the CA got, with what is in base64url in it decoded, too.
func (a *authority) everything() []byte {
	var all bytes.Buffer
	for _, r := range a.got("/") {
		all.Write(r.body)
		var jws map[string]string
		if json.Unmarshal(r.body, &jws) != nil {
			continue
		}
		for _, part := range jws {
			text, _ := base64.RawURLEncoding.DecodeString(part)
			all.Write(text)
			var fields map[string]any
			if json.Unmarshal(text, &fields) == nil {
				if csr, ok := fields["csr"].(string); ok {
					der, _ := base64.RawURLEncoding.DecodeString(csr)
					all.Write(der)
				}
			}
		}
	}
	return all.Bytes()
}

// formsOf returns a key, and how it could be written: as it is in the file, its DER, and the number in it in several ways.
func formsOf(t *testing.T, text []byte) (*ecdsa.PrivateKey, [][]byte) {
	t.Helper()
	block, _ := pem.Decode(text)
	if block == nil {
		t.Fatal("that is no PEM")
	}
	key, err := x509.ParseECPrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	d, err := key.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	forms := [][]byte{block.Bytes, d, []byte(hex.EncodeToString(d)), []byte(new(big.Int).SetBytes(d).String())}
	for _, e := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		forms = append(forms, []byte(e.EncodeToString(d)), []byte(e.EncodeToString(block.Bytes)))
	}
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); len(line) > 20 && !strings.HasPrefix(line, "-----") {
			forms = append(forms, []byte(line))
		}
	}
	return key, forms
}
