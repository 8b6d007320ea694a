//go:build linux

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/vsock"
	"github.com/u-root/u-root/pkg/cpio"
)

// TestVsockPassesInTheMachine runs the tests of package vsock where the kernel has what they need, as a host's often has not. Those that look at
// source code stay at home.
func TestVsockPassesInTheMachine(t *testing.T) {
	t.Parallel()
	k := needKernel(t)
	file := filepath.Join(t.TempDir(), "vsock.test")
	if err := compile(t.Context(), file, "test", "-c", "github.com/paf-go/paf/vsock"); err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	img := testImage(t, cpio.StaticFile("vsock.test", string(program), 0o755), cpio.Directory("tmp", 0o755), cpio.CharDev("dev/null", 0o666, 1, 3))
	b := bootTest(t, &machine{kernel: k.image, image: img.bytes, args: []string{"/vsock.test", "-test.v", "-test.skip=^TestTheCore|^TestItKnows|^TestItBuilds"}})
	b.await(t, "the program has ended in peace")
	b.awaitOff(t)
	said := b.console.String()
	for _, test := range []string{"AConnectionIsAFlow", "AConnectionHasItsPowers", "FilesBecomeConnectionsAgain", "Exchanges", "WhereNobodyListensIsAReset"} {
		if !regexp.MustCompile(`(?m)^--- PASS: Test` + test + ` `).MatchString(said) {
			t.Errorf("Test%s has not passed", test)
		}
	}
	if strings.Contains(said, "\n--- SKIP") { // claims about powers that these flows have not are skipped further in
		t.Error("a test was skipped")
	}
	if t.Failed() {
		return
	}
	t.Logf("%d claims passed over AF_VSOCK", strings.Count(said, "--- PASS"))
}

// asksOverVsock reaches the machine from its host. It is skipped with CI=true too where the host's kernel has no vsock for machines: no package
// brings that.
func asksOverVsock(t *testing.T, b *booted) {
	if b.context == 0 {
		_, err := os.Stat(hostVsock)
		t.Skipf("SKIPPED, so the machine was not reached over vsock from its host: the host's kernel lacks the module vhost_vsock: %v", err)
	}
	c := paf.Client{Context: vsock.Context(vsock.Addr{CID: b.context, Port: 80})}
	defer c.Close()
	if page := get(t, &c, "http://machine/"); !strings.Contains(page, "you:      2:") {
		t.Errorf("the page was not asked for over vsock:\n%s", page)
	}
}
