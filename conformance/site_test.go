package conformance

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/paf-go/paf/internal/selfsigned"
)

// sizes are those of a site's files, which have their sizes for names.
var sizes = []int64{0, 1, 64 << 10, 1 << 20}

// A site is what a peer is given to serve, and how it is to behave.
type site struct {
	dir      string // it has the files in root/, and is the peer's own beyond that
	cert     *certificate
	digests  map[string]string // of the files, by name
	idle     time.Duration     // a connection that is idle for longer is closed
	requests int               // a connection is closed after so many
}

func newSite(t testing.TB) *site {
	t.Helper()
	s := &site{dir: t.TempDir(), cert: selfSigned(t), digests: map[string]string{}, idle: 2 * time.Minute, requests: 1 << 20}
	for _, d := range []string{"root", "store"} {
		if err := os.Mkdir(filepath.Join(s.dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, n := range sizes {
		if err := os.WriteFile(s.file(n), noise(n), 0o644); err != nil {
			t.Fatal(err)
		}
		s.digests[strconv.FormatInt(n, 10)] = digest(noise(n))
	}
	return s
}

// file returns the path of the file of a size.
func (s *site) file(size int64) string {
	return filepath.Join(s.dir, "root", strconv.FormatInt(size, 10))
}

// sparse adds a large file to the site, which takes no room on a disk, and returns its name.
func (s *site) sparse(t testing.TB, size int64) string {
	t.Helper()
	markedFile(t, s.file(size), size)
	name := strconv.FormatInt(size, 10)
	s.digests[name] = fileDigest(t, s.file(size))
	return name
}

// markedFile makes a sparse file with 64 marks in it, each of which says where it is.
func markedFile(t testing.TB, path string, size int64) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for at := int64(0); at < size; at += size / 64 {
		if _, err := f.WriteAt(fmt.Appendf(nil, "mark at %d", at), at); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Truncate(size); err != nil {
		t.Fatal(err)
	}
}

// noise returns n bytes, the same ones for each n.
func noise(n int64) []byte {
	p := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{byte(n)}).Read(p)
	return p
}

func digest(p []byte) string {
	sum := sha256.Sum256(p)
	return hex.EncodeToString(sum[:])
}

// digestOf reads r to its end.
func digestOf(r io.Reader) (sum string, n int64, err error) {
	h := sha256.New()
	n, err = io.Copy(h, r)
	return hex.EncodeToString(h.Sum(nil)), n, err
}

func fileDigest(t testing.TB, path string) string {
	t.Helper()
	sum, _, err := digestOf(open(t, path))
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

// A certificate is one that only those trust who were told to.
type certificate struct {
	roots    *x509.CertPool
	pem, key string // paths
}

// selfSigned makes a certificate for 127.0.0.1.
func selfSigned(t testing.TB) *certificate {
	t.Helper()
	file, key, roots := selfsigned.Files(t, "127.0.0.1", "localhost")
	return &certificate{roots, file, key}
}

func open(t testing.TB, path string) *os.File {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// tlsTrusting returns a configuration that trusts the site's certificate.
func tlsTrusting(s *site) *tls.Config { return &tls.Config{RootCAs: s.cert.roots} }
