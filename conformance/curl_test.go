package conformance

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/paf-go/paf/internal/testkit"
)

// long makes the transfers of this package a GiB each, as CI does.
var long = os.Getenv("PAF_LONG") != "" || os.Getenv("CI") == "true"

// bulk is how much the large transfers move.
func bulk() int64 {
	if long {
		return 1 << 30
	}
	return 64 << 20
}

// curl runs curl and returns what it prints.
func curl(t testing.TB, stdin io.Reader, args ...string) []byte {
	t.Helper()
	c := exec.Command(testkit.Need(t, "curl"), append([]string{"-sS", "--max-time", "120", "--fail-with-body"}, args...)...)
	c.Stdin = stdin
	var failed bytes.Buffer
	c.Stderr = &failed
	out, err := c.Output()
	if err != nil {
		t.Fatalf("curl %q: %v: %s %.200s", args, err, failed.String(), out)
	}
	return out
}

// TestCurlSeesTheSameDigestEverywhere is the check of the originals' README: what /random
// sends, what /hash says of it, and what /transmit sends back are one, over every version of
// HTTP/1 and over a Unix socket.
func TestCurlSeesTheSameDigestEverywhere(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	p := serve(t, "--listen", "127.0.0.1:0", "--listen", "unix:"+socket)
	for _, args := range [][]string{{"--http1.1"}, {"--http1.0"}, {"--unix-socket", socket}} {
		for _, length := range []string{"0", "1", "57", "58", "100000", "3000000"} {
			head := append([]string{"-H", "x-length: " + length, "-H", "x-seed: Zm9vYmFy"}, args...)
			random := curl(t, nil, append(head, p.url("/random"))...)
			hash := string(curl(t, nil, append(head, p.url("/hash"))...))
			back := curl(t, bytes.NewReader(random), append([]string{"-H", "Content-Type: text/plain", "--data-binary", "@-"}, append(args, p.url("/transmit"))...)...)
			if want := digest(random); strings.TrimSpace(hash) != want || digest(back) != want {
				t.Errorf("%v, %s bytes: /random gave %s, /hash %s, /transmit %s", args, length, want, hash, digest(back))
			}
		}
	}
}

func TestCurlGetsFilesWholeAndByRange(t *testing.T) {
	dir := t.TempDir()
	size := bulk()
	path := filepath.Join(dir, "big")
	markedFile(t, path, size)
	want := fileDigest(t, path)
	socket := filepath.Join(t.TempDir(), "s")
	p := serve(t, "--listen", "127.0.0.1:0", "--listen", "unix:"+socket, dir)
	for _, args := range [][]string{nil, {"--unix-socket", socket}} {
		got := filepath.Join(t.TempDir(), "whole")
		curl(t, nil, append(args, "-o", got, p.url("/big"))...)
		if d := fileDigest(t, got); d != want {
			t.Errorf("%v: whole: digest %s, want %s", args, d, want)
		}
		_ = os.Remove(got)
		at := size / 64 * 37
		part := curl(t, nil, append(args, "-r", fmt.Sprintf("%d-%d", at, at+30), p.url("/big"))...)
		if !strings.HasPrefix(string(part), fmt.Sprintf("mark at %d", at)) || len(part) != 31 {
			t.Errorf("%v: a range gave %q", args, part)
		}
		// The rest of a download that broke off.
		got = filepath.Join(t.TempDir(), "resumed")
		curl(t, nil, append(args, "-o", got, "-r", fmt.Sprintf("0-%d", size/2-1), p.url("/big"))...)
		curl(t, nil, append(args, "-o", got, "-C", "-", p.url("/big"))...)
		if d := fileDigest(t, got); d != want {
			t.Errorf("%v: resumed: digest %s, want %s", args, d, want)
		}
		_ = os.Remove(got)
	}
	if rss := peakRSS(t, p.Cmd); rss > 64<<20 {
		t.Errorf("the server's memory rose to %d MiB", rss>>20)
	}
}

var peak = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

// peakRSS returns the most memory that a running program has had resident.
func peakRSS(t *testing.T, c *exec.Cmd) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.Process.Pid))
	if err != nil {
		t.Skipf("SKIPPED: no /proc: memory was not looked at: %v", err)
	}
	kb, _ := strconv.ParseInt(string(peak.FindSubmatch(status)[1]), 10, 64)
	return kb << 10
}

func TestChunkedUploadNeedsLittleMemory(t *testing.T) {
	p := serve(t)
	size := bulk()
	out := exec.Command(testkit.Need(t, "curl"), "-sS", "--max-time", "300", "-T", "-", "-X", "POST", p.url("/transmit"))
	out.Stdin = io.LimitReader(zeros{}, size)
	body, err := out.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := out.Start(); err != nil {
		t.Fatal(err)
	}
	n, err := io.Copy(io.Discard, body)
	if werr := out.Wait(); err != nil || werr != nil || n != size {
		t.Errorf("%d bytes of %d came back: %v, %v", n, size, err, werr)
	}
	if rss := peakRSS(t, p.Cmd); rss > 64<<20 {
		t.Errorf("the server's memory rose to %d MiB", rss>>20)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestTenPipelinedRequestsAreAnsweredInOrder(t *testing.T) {
	p := serve(t)
	c, err := net.Dial("tcp", p.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	for i := range 10 {
		end := ""
		if i == 9 {
			end = "Connection: close\r\n"
		}
		fmt.Fprintf(c, "GET /random HTTP/1.1\r\nHost: x\r\nx-length: %d\r\nx-seed: Zm9v\r\n%s\r\n", i*10, end)
	}
	in := bufioReader(nil)
	in.Reset(c)
	for i := range 10 {
		body := readResponse(t, in)
		want := curl(t, nil, "-H", fmt.Sprintf("x-length: %d", i*10), "-H", "x-seed: Zm9v", p.url("/random"))
		if !bytes.Equal(body, want) {
			t.Errorf("answer %d: %q, want %q", i, body, want)
		}
	}
}

func TestHalfClosedClientGetsItsWholeAnswer(t *testing.T) {
	p := serve(t)
	host, port, _ := net.SplitHostPort(p.addr)
	nc := exec.Command(testkit.Need(t, "nc"), "-N", host, port)
	nc.Stdin = strings.NewReader("GET /random HTTP/1.1\r\nHost: x\r\nx-length: 2000000\r\nx-seed: Zm9v\r\n\r\n")
	out, err := nc.Output()
	if err != nil {
		t.Fatal(err)
	}
	want := curl(t, nil, "-H", "x-length: 2000000", "-H", "x-seed: Zm9v", p.url("/random"))
	if body := readResponse(t, bufioReader(out)); !bytes.Equal(body, want) {
		t.Errorf("%d bytes, want %d", len(body), len(want))
	}
}

func TestCurlExpectsContinueAndTagsMatch(t *testing.T) {
	p := serve(t)
	out := curl(t, strings.NewReader(strings.Repeat("x", 2<<20)), "-v", "-H", "Expect: 100-continue", "-X", "POST", "-T", "-", "-o", "/dev/null",
		"-w", "%{http_code} %{size_download}", p.url("/transmit"))
	if got := string(out); got != "200 2097152" {
		t.Errorf("curl said %q", got)
	}
	tag := filepath.Join(t.TempDir(), "etag")
	head := []string{"-H", "x-length: 10", "-H", "x-seed: Zm9v", "-w", "%{http_code}", "-o", "/dev/null"}
	first := curl(t, nil, append(head, "--etag-save", tag, p.url("/hash"))...)
	second := curl(t, nil, append(head, "--etag-compare", tag, p.url("/hash"))...)
	if string(first) != "200" || string(second) != "304" {
		t.Errorf("with the tag saved and compared: %s, then %s", first, second)
	}
}

// A response that comes before the request has been read is not lost, whatever of the request is still on its way: curl drops what it has
// not passed on when a reset comes with it (RFC 9113, Section 8.1, forbids that).
func TestCurlGetsAnswersToWhatNobodyReads(t *testing.T) {
	for _, c := range []struct{ args, flags []string }{
		{[]string{"--listen", "localhost:0", "--tls"}, []string{"-k", "--http2"}},
		{[]string{"--listen", "127.0.0.1:0"}, []string{"--http2-prior-knowledge"}},
		{[]string{"--listen", "127.0.0.1:0"}, []string{"--http1.1"}},
	} {
		p := serve(t, c.args...)
		for _, size := range []int{3, 10_000, 300_000, 3_000_000} {
			content := bytes.Repeat([]byte{'x'}, size)
			for range 10 {
				cmd := exec.Command(testkit.Need(t, "curl"), append([]string{"-s", "--max-time", "20", "-o", os.DevNull, "-w", "%{http_code}", "--data-binary", "@-", p.url("/nope")}, c.flags...)...)
				cmd.Stdin = bytes.NewReader(content)
				if out, err := cmd.Output(); string(out) != "404" {
					t.Errorf("%v, %d bytes: status %s, %v", c.flags, size, out, err)
				}
			}
		}
	}
}
