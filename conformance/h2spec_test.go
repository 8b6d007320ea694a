package conformance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// built builds a program of this module and returns its path.
func built(t *testing.T, pkg string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), filepath.Base(pkg))
	if out, err := exec.Command("go", "build", "-o", path, pkg).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return path
}

var h2specSummary = regexp.MustCompile(`(\d+) tests, (\d+) passed, (\d+) skipped, (\d+) failed`)

// h2specCases is how many cases h2spec's three sections have in strict mode.
const h2specCases = "146"

// All of h2spec, strict cases too, against `paf serve`. In clear the server is one of HTTP/2 alone: one that speaks HTTP/1
// too answers a preface that is none with 400, which h2spec takes for a fault.
func TestH2specPasses(t *testing.T) {
	tool := built(t, "github.com/summerwind/h2spec/cmd/h2spec")
	for name, c := range map[string]struct{ serve, spec []string }{
		"clear": {[]string{"--alpn", "h2"}, nil},
		"TLS":   {[]string{"--tls"}, []string{"-t", "-k"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, c.serve...)
			host, port, err := net.SplitHostPort(s.addr)
			if err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithTimeout(t.Context(), 5*time.Minute)
			defer stop()
			args := append([]string{"-h", host, "-p", port, "--strict", "-o", "5", "generic", "http2", "hpack"}, c.spec...)
			out, err := exec.CommandContext(ctx, tool, args...).CombinedOutput()
			m := h2specSummary.FindSubmatch(out)
			if err != nil || m == nil || string(m[1]) != h2specCases || string(m[2]) != h2specCases {
				t.Fatalf("%v\n%s", err, lastLines(out, 60))
			}
			t.Logf("%s", m[0])
		})
	}
}

// h2specdSections are the sections of the suite for clients with the number of their cases. Each is run by itself: when
// the suite closes a listener it goes on to accept from it, and prints what comes of that.
var h2specdSections = map[string]string{
	"client/1": "1", "client/4.1": "3", "client/4.2": "3", "client/4.3": "1", "client/5.1": "11", "client/5.4.1": "2", "client/5.5": "1",
	"client/6.1": "3", "client/6.2": "3", "client/6.3": "2", "client/6.4": "3", "client/6.5": "8", "client/6.7": "4", "client/6.8": "1",
	"client/6.9": "5", "client/6.10": "6",
}

// All of h2spec's cases for clients against package paf's Client.
func TestH2specdPasses(t *testing.T) {
	tool, client := built(t, "github.com/summerwind/h2spec/cmd/h2specd"), built(t, "./h2get")
	port, total := 31000, 0
	for section, cases := range h2specdSections {
		port += 50
		t.Run(strings.ReplaceAll(section, "/", " "), func(t *testing.T) {
			ctx, stop := context.WithTimeout(t.Context(), time.Minute)
			defer stop()
			cmd := exec.CommandContext(ctx, tool, "-e", client, "-f", fmt.Sprint(port), "-p", fmt.Sprint(port-1), "-S", "-o", "3", section)
			out := &firstBytes{most: 1 << 20}
			cmd.Stdout, cmd.Stderr = out, out
			err := cmd.Run()
			var exit *exec.ExitError
			if err != nil && !errors.As(err, &exit) {
				t.Fatal(err)
			}
			m := h2specSummary.FindSubmatch(out.Bytes())
			if m == nil || string(m[1]) != cases || string(m[2]) != cases {
				t.Fatalf("%v\n%s", err, lastLines(out.Bytes(), 40))
			}
			var n int
			fmt.Sscan(cases, &n)
			total += n
		})
	}
	if total != 57 {
		t.Errorf("%d cases passed; there are 57", total)
	}
}

// firstBytes keeps the first of what is written to it, but for the lines of a listener that was closed.
type firstBytes struct {
	bytes.Buffer
	most int
}

func (b *firstBytes) Write(p []byte) (int, error) {
	for line := range bytes.Lines(p) {
		if !bytes.Contains(line, []byte("use of closed network connection")) && b.Len() < b.most {
			b.Buffer.Write(line)
		}
	}
	return len(p), nil
}

func lastLines(out []byte, n int) string {
	lines := strings.Split(string(out), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
