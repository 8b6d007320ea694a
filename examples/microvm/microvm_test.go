//go:build linux

package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/internal/testkit"
	"github.com/paf-go/paf/mimic"
	"github.com/u-root/u-root/pkg/cpio"
)

// TestMachineAnswers boots the machine with each TCP/IP and asks it in every way that leads to it.
func TestMachineAnswers(t *testing.T) {
	t.Parallel()
	img := testImage(t)
	for network, says := range map[string]string{"netstack": "TCP/IP in this program", "kernel": "TCP/IP of the kernel"} {
		t.Run(network, func(t *testing.T) {
			m := &machine{kernel: needKernel(t).image, image: img.bytes, args: guestArgs(network)}
			if _, err := os.Stat(hostVsock); err == nil {
				m.context = 3 + uint32(os.Getpid())
			}
			begun := time.Now()
			b := bootTest(t, m)
			b.await(t, "INFO serving")
			b.took = time.Since(begun).Round(10 * time.Millisecond)
			t.Run("curl by HTTP/1.1 and HTTP/2", func(t *testing.T) { asksWithCurl(t, b, says) })
			t.Run("TLS with the certificate on the console", func(t *testing.T) { asksOverTLS(t, b) })
			t.Run("2 MiB there and back", func(t *testing.T) { echoes(t, b) })
			t.Run("vsock within the machine", func(t *testing.T) { asksItself(t, b) })
			t.Run("vsock from the host", func(t *testing.T) { asksOverVsock(t, b) })
			if network == "kernel" {
				t.Run("the power button lets what is in flight finish", func(t *testing.T) { pressed(t, b) })
			} else {
				t.Run("POST poweroff", func(t *testing.T) { toldToPowerOff(t, b) })
			}
			b.awaitOff(t)
		})
	}
}

// testImage builds the image, where there is all that a test of it needs.
func testImage(t *testing.T, more ...cpio.Record) *image {
	t.Helper()
	_, err := exec.LookPath(qemu)
	need(t, qemu, err)
	img, err := build(t.Context(), needKernel(t), more...)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(img)
	return img
}

func asksWithCurl(t *testing.T, b *booted, says string) {
	testkit.Need(t, "curl")
	for flag, version := range map[string]string{"--http1.1": "HTTP/1.1", "--http2-prior-knowledge": "HTTP/2.0"} {
		out, err := exec.Command("curl", "-sS", "--fail-with-body", "--max-time", "30", flag, b.url("http")).CombinedOutput()
		if err != nil {
			t.Fatalf("curl %s: %v\n%s", flag, err, out)
		}
		for _, want := range []string{"by " + version + " over http\n", says, "10.0.2.15/24", "Linux "} {
			if !strings.Contains(string(out), want) {
				t.Errorf("curl %s: no %q in\n%s", flag, want, out)
			}
		}
		if flag == "--http1.1" {
			t.Logf("%v from qemu's start until it served; its page:\n%s", b.took, out)
		}
	}
}

func asksOverTLS(t *testing.T, b *booted) {
	pinned := b.await(t, `sha256=([0-9a-f]{64})\s`)[1]
	config := &tls.Config{
		InsecureSkipVerify: true, // in favour of what the console says
		VerifyConnection: func(s tls.ConnectionState) error {
			if got := fmt.Sprintf("%x", sha256.Sum256(s.PeerCertificates[0].Raw)); got != pinned {
				return fmt.Errorf("the certificate is %s, not %s", got, pinned)
			}
			return errors.Join(s.PeerCertificates[0].VerifyHostname("127.0.0.1"), s.PeerCertificates[0].VerifyHostname("10.0.2.15"))
		},
	}
	c := paf.Client{Context: mimic.Add(mimic.Context{}, paf.TLSConfig, config)}
	defer c.Close()
	if page := get(t, &c, b.url("https")); !strings.Contains(page, "by HTTP/2.0 over https\n") {
		t.Errorf("it was not reached by HTTP/2 over https:\n%s", page)
	}
}

// echoes sends what the machine sends back at the same time, so that both directions are full.
func echoes(t *testing.T, b *booted) {
	ctx, cancel := context.WithTimeout(t.Context(), tooLong)
	defer cancel()
	sent := make([]byte, 2<<20)
	_, _ = rand.NewChaCha8([32]byte{}).Read(sent) // which never fails
	for name, protocol := range map[string]paf.Protocol{"HTTP/1.1": paf.HTTP11, "HTTP/2": paf.HTTP2} {
		c := paf.Client{Protocol: protocol}
		begun := time.Now()
		resp, err := c.Do(ctx, echo(t, b, bytes.NewReader(sent)))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, err := io.ReadAll(resp.Body)
		if err != nil || !bytes.Equal(got, sent) {
			t.Errorf("%s: %d bytes came back of %d, or others (%v)", name, len(got), len(sent), err)
		}
		t.Logf("%s: %.1f MiB/s each way", name, 2/time.Since(begun).Seconds())
		_ = resp.Body.Close()
		c.Close()
	}
}

func echo(t *testing.T, b *booted, body io.Reader) *paf.Request {
	t.Helper()
	r, err := paf.NewRequest("POST", b.url("http")+"echo", body)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// asksItself has the machine ask itself, over its kernel's vsock.
func asksItself(t *testing.T, b *booted) {
	var c paf.Client
	defer c.Close()
	if page := get(t, &c, b.url("http")+"vsock"); !strings.Contains(page, "you:      1:") {
		t.Errorf("the page was not asked for over vsock:\n%s", page)
	}
}

// pressed presses the power button in the middle of an exchange.
func pressed(t *testing.T, b *booted) {
	var c paf.Client
	defer c.Close()
	content, more := io.Pipe()
	go func() { _, _ = more.Write([]byte("before")) }()
	resp, err := c.Do(t.Context(), echo(t, b, content))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.ReadFull(resp.Body, make([]byte, len("before"))); err != nil {
		t.Fatal(err)
	}
	if err := b.press(); err != nil {
		t.Fatal(err)
	}
	b.await(t, "the power button was pressed")
	if _, err := more.Write([]byte(" and after")); err != nil {
		t.Fatal(err)
	}
	_ = more.Close()
	if rest, err := io.ReadAll(resp.Body); err != nil || string(rest) != " and after" {
		t.Errorf("%q, %v", rest, err)
	}
}

func toldToPowerOff(t *testing.T, b *booted) {
	var c paf.Client
	defer c.Close()
	r, err := paf.NewRequest("POST", b.url("http")+"poweroff", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.Do(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if text, err := io.ReadAll(resp.Body); err != nil || resp.Status != 202 {
		t.Errorf("%d %q, %v", resp.Status, text, err)
	}
}

// TestMachineThatCannotGoOnSaysSoAndIsOff has the guest get arguments that are no good.
func TestMachineThatCannotGoOnSaysSoAndIsOff(t *testing.T) {
	t.Parallel()
	b := bootTest(t, &machine{kernel: needKernel(t).image, image: testImage(t).bytes, args: []string{"-net", "pigeons"}})
	b.await(t, `ERROR cannot go on error=.*pigeons: there are netstack and kernel`)
	b.awaitOff(t)
}

func (b *booted) url(scheme string) string {
	port := b.http
	if scheme == "https" {
		port = b.https
	}
	return fmt.Sprintf("%s://127.0.0.1:%d/", scheme, port)
}

// get returns a page.
func get(t *testing.T, c *paf.Client, url string) string {
	t.Helper()
	resp, err := c.Get(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil || resp.Status != 200 {
		t.Fatalf("%s: %d %s, %v", url, resp.Status, page, err)
	}
	return string(page)
}
