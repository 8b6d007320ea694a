package conformance

import (
	"bytes"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paf-go/paf"
)

// get2 runs `paf get` over HTTP/2, by prior knowledge: over TLS that is nothing but HTTP/2 too.
func get2(t *testing.T, s *site, stdin io.Reader, args ...string) got {
	t.Helper()
	return run2(t, s, stdin, append([]string{"--http2-prior-knowledge"}, args...)...)
}

func run2(t *testing.T, s *site, stdin io.Reader, args ...string) got {
	t.Helper()
	c := exec.CommandContext(t.Context(), program, append([]string{"get", "--silent", "--timeout", "300s", "--cacert", s.cert.pem}, args...)...)
	c.Stdin = stdin
	var out bytes.Buffer
	c.Stdout = &out
	failed := start(t, c)
	_ = c.Wait()
	return got{out.String(), failed.String(), c.ProcessState.ExitCode()}
}

// `paf get` brings down files of 0 B to 1 MiB, and 1 GiB in CI, from every server of HTTP/2.
func TestGetSavesContentWholeOverHTTP2(t *testing.T) {
	eachH2(t, func(t *testing.T, h *h2server, s *site, _ *paf.Client, url string) {
		file := filepath.Join(t.TempDir(), "out")
		for name, want := range s.digests {
			if g := get2(t, s, nil, "-o", file, url+"/"+name); g.code != 0 || g.out != "" || g.errors != "" {
				t.Errorf("%s: exit status %d, %q, %q", name, g.code, g.out, g.errors)
			}
			if fileDigest(t, file) != want {
				t.Errorf("%s: the file has another digest", name)
			}
		}
	})
}

// What `paf get` sends comes back, whether its length is known or not.
func TestGetSendsContentOverHTTP2(t *testing.T) {
	eachH2(t, func(t *testing.T, h *h2server, s *site, _ *paf.Client, url string) {
		if !h.echoes {
			return
		}
		file := filepath.Join(t.TempDir(), "out")
		for name, want := range s.digests {
			from := filepath.Join(s.dir, "root", name)
			for _, data := range []string{"@" + from, "@-"} {
				g := get2(t, s, open(t, from), "-d", data, "-o", file, url+"/echo")
				if g.code != 0 || fileDigest(t, file) != want {
					t.Errorf("%s from %s: exit status %d: %s", name, data, g.code, g.errors)
				}
			}
		}
	})
}

// The head is shown as it came, and without an option the handshake decides which version it is.
func TestGetShowsTheVersion(t *testing.T) {
	eachH2(t, func(t *testing.T, h *h2server, s *site, _ *paf.Client, url string) {
		g := get2(t, s, nil, "-i", url+"/1")
		if head, content, _ := strings.Cut(g.out, "\r\n\r\n"); g.code != 0 || len(content) != 1 || !strings.HasPrefix(head, "HTTP/2") {
			t.Errorf("by prior knowledge: exit status %d, %q, %q", g.code, g.out, g.errors)
		}
		want := map[bool]string{true: "HTTP/2", false: "HTTP/1.1"}[strings.HasPrefix(url, "https:")]
		if want == "HTTP/1.1" && h.name != "h2o" {
			return // the others speak HTTP/2 alone at their address in clear
		}
		g = run2(t, s, nil, "-i", url+"/1")
		if g.code != 0 || !strings.HasPrefix(g.out, want) {
			t.Errorf("without an option: exit status %d, %.60q, %q", g.code, g.out, g.errors)
		}
		if h.name == "node" {
			return // whose respondWithFile resets the stream where there is no file
		}
		if g := get2(t, s, nil, "--fail", url+"/nothing"); g.code != 22 || g.out != "" {
			t.Errorf("with --fail and 404: exit status %d, %q, %q", g.code, g.out, g.errors)
		}
	})
}
