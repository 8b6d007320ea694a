package conformance

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// A got is what has come of one `paf get`.
type got struct {
	out, errors string
	code        int
}

// get runs `paf get` on the peer.
func (x *there) get(t *testing.T, stdin io.Reader, args ...string) got {
	t.Helper()
	c := getCommand(t, x.cert, stdin, args...)
	var out bytes.Buffer
	c.Stdout = &out
	failed := start(t, c)
	if err := c.Wait(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		t.Fatal(err)
	}
	return got{out.String(), failed.String(), c.ProcessState.ExitCode()}
}

// getCommand makes a command of HTTP/1.1 that trusts a certificate, as the system's only one.
func getCommand(t *testing.T, trusted *certificate, stdin io.Reader, args ...string) *exec.Cmd {
	c := exec.CommandContext(t.Context(), program, append([]string{"get", "--http1", "--silent", "--timeout", "300s"}, args...)...)
	c.Env = append(os.Environ(), "SSL_CERT_FILE="+trusted.pem, "SSL_CERT_DIR="+t.TempDir())
	c.Stdin = stdin
	return c
}

// start starts a command, and returns what it says on standard error.
func start(t *testing.T, c *exec.Cmd) *bytes.Buffer {
	t.Helper()
	var failed bytes.Buffer
	c.Stderr = &failed
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	return &failed
}

func TestGetSavesContentWhole(t *testing.T) {
	each(t, 0, func(t *testing.T, x *there) {
		file := filepath.Join(t.TempDir(), "out")
		for _, verb := range []string{"bytes", "chunked", "toend", "trailer"} {
			for _, size := range sizes {
				name := strconv.FormatInt(size, 10)
				g := x.get(t, nil, "-o", file, x.url("/"+verb+"/"+name))
				if g.code != 0 || g.out != "" || g.errors != "" {
					t.Errorf("/%s/%s: exit status %d, %q, %q", verb, name, g.code, g.out, g.errors)
				}
				if fileDigest(t, file) != x.digests[name] {
					t.Errorf("/%s/%s: the file has another digest", verb, name)
				}
			}
		}
	})
}

func TestGetSendsFilesAndStandardInput(t *testing.T) {
	each(t, echoes|stores, func(t *testing.T, x *there) {
		for _, size := range sizes {
			want := x.digests[strconv.FormatInt(size, 10)]
			for _, data := range []string{"@" + x.file(size), "@-"} {
				args := []string{"-d", data, "-X", "POST", x.url("/echo")}
				if x.can&echoes == 0 {
					args = []string{"-d", data, "-X", "PUT", "--fail", x.url("/store/file")}
				}
				g := x.get(t, bytes.NewReader(noise(size)), args...)
				if g.code == 0 && x.can&echoes == 0 {
					g = x.get(t, nil, x.url("/store/file"))
				}
				if g.code != 0 || digest([]byte(g.out)) != want {
					t.Errorf("%d bytes from %s: exit status %d, %d bytes came back: %s", size, data, g.code, len(g.out), g.errors)
				}
			}
		}
	})
}

func TestGetPrintsTheHeadThatCame(t *testing.T) {
	each(t, 0, func(t *testing.T, x *there) {
		g := x.get(t, nil, "-i", "-v", x.url("/bytes/1"))
		head, content, _ := strings.Cut(g.out, "\r\n\r\n")
		if g.code != 0 || content != string(noise(1)) || !strings.HasPrefix(head, "HTTP/1.1 200 OK\r\n") || !strings.Contains(strings.ToLower(head), "\r\ncontent-length: 1") {
			t.Errorf("exit status %d, %q, %q", g.code, g.out, g.errors)
		}
		if !strings.Contains(g.errors, "> GET /bytes/1 HTTP/1.1\n") || !strings.Contains(g.errors, "< HTTP/1.1 200 OK\n") {
			t.Errorf("the trace is %q", g.errors)
		}
		if g := x.get(t, nil, "--fail", x.url("/nothing")); g.code != 22 || g.out != "" {
			t.Errorf("with --fail and 404: exit status %d, %q, %q", g.code, g.out, g.errors)
		}
	})
}

// TestUntrustedCertificateIsRefused: nothing is sent to a peer whose certificate nobody vouches for.
func TestUntrustedCertificateIsRefused(t *testing.T) {
	each(t, 0, func(t *testing.T, x *there) {
		if x.scheme != "https" {
			return
		}
		other := selfSigned(t)
		stranger := &there{x.peer, x.way, &site{cert: other}, x.addr}
		if g := stranger.get(t, nil, x.url("/bytes/1")); g.code != 60 || g.out != "" {
			t.Errorf("paf get: exit status %d, %q, %q", g.code, g.out, g.errors)
		}
		for claim, config := range map[string]*tls.Config{
			"another is trusted": {RootCAs: other.roots},
			"it has no option":   nil,
			"the name differs":   {RootCAs: x.cert.roots, ServerName: "another.test"},
		} {
			err := x.try(t.Context(), clientWith(t, config), "GET", "/bytes/1", nil, 1)
			if !errors.As(err, new(*tls.CertificateVerificationError)) {
				t.Errorf("Client, %s: %v", claim, err)
			}
		}
	})
}

// TestGetNeedsLittleMemory moves a GiB with PAF_LONG=1 or CI=true, else 64 MiB in clear.
func TestGetNeedsLittleMemory(t *testing.T) {
	size := bulk()
	build := func(t *testing.T) *site {
		s := newSite(t)
		s.sparse(t, size)
		return s
	}
	eachOf(t, 0, build, func(t *testing.T, x *there) {
		x.leaveForLong(t)
		name := strconv.FormatInt(size, 10)
		x.getLarge(t, size, nil, x.url("/bytes/"+name))
		if x.can&echoes != 0 {
			x.getLarge(t, size, open(t, x.file(size)), "-d", "@-", x.url("/echo"))
		}
	})
}

// getLarge runs `paf get`, which is to give the site's file of a size.
func (x *there) getLarge(t *testing.T, size int64, stdin io.Reader, args ...string) {
	t.Helper()
	c := getCommand(t, x.cert, stdin, args...)
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	failed := start(t, c)
	h := sha256.New()
	n, _ := io.CopyN(h, out, size-1<<20) // more than a pipe holds is still to come: the program runs
	peak := peakRSS(t, c)
	rest, _ := io.Copy(h, out)
	if err := c.Wait(); err != nil || n+rest != size {
		t.Fatalf("%q: %d bytes of %d: %v: %s", args, n+rest, size, err, failed)
	}
	if hex.EncodeToString(h.Sum(nil)) != x.digests[strconv.FormatInt(size, 10)] {
		t.Errorf("%q: it has another digest", args)
	}
	if peak > 48<<20 {
		t.Errorf("%q: the program's memory rose to %d MiB", args, peak>>20)
	}
	t.Logf("%q: %d MiB of memory", args, peak>>20)
}
