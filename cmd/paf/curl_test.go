package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paf-go/paf/cmd/paf/internal/demo"
	"github.com/paf-go/paf/cmd/paf/internal/files"
	"github.com/paf-go/paf/cmd/paf/internal/kit"
	"github.com/paf-go/paf/internal/testkit"
)

// curl runs curl and returns its output.
func curl(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	path := testkit.Need(t, "curl")
	var errs bytes.Buffer
	cmd := exec.Command(path, append([]string{"-sS", "--max-time", "30"}, args...)...)
	cmd.Stdin, cmd.Stderr = strings.NewReader(stdin), &errs
	out, err := cmd.Output()
	if err != nil {
		t.Errorf("curl %q: %v %s", args, err, errs.String())
	}
	return string(out)
}

func TestCurlGetsTheDemo(t *testing.T) {
	url := "http://" + kit.Serve(t, demo.New())
	seed := []string{"-H", "x-length: 1000000", "-H", "x-seed: Zm9vYmFy"}
	random := curl(t, "", append(seed, url+"/random")...)
	if len(random) < 1_000_000 {
		t.Errorf("/random: %d bytes", len(random))
	}
	if echo := curl(t, random, "--data-binary", "@-", url+"/transmit"); echo != random {
		t.Errorf("/transmit: %d bytes", len(echo))
	}
	if echo := curl(t, random, "-T", "-", "-X", "POST", url+"/transmit"); echo != random { // chunked
		t.Errorf("/transmit, chunked: %d bytes", len(echo))
	}
	if echo := curl(t, "", "-H", "Expect: 100-continue", "-d", "hello", url+"/"); echo != "hello" {
		t.Errorf("POST / with Expect: %q", echo)
	}
	const two = "%{http_code} %{num_connects}\n"
	if got := curl(t, "", "-o", os.DevNull, "-w", two, url+"/echo", "-o", os.DevNull, url+"/echo"); got != "200 1\n200 0\n" {
		t.Errorf("two requests on a connection: %q", got)
	}
	if got := curl(t, "", "-0", "-o", os.DevNull, "-w", "%{http_version} %{http_code}", url+"/"); got != "1.1 200" {
		t.Errorf("HTTP/1.0: %q", got)
	}
}

func TestCurlResumesAFile(t *testing.T) {
	dir := t.TempDir()
	content := strings.Repeat("0123456789", 10_000)
	if err := os.WriteFile(filepath.Join(dir, "f.txt"), []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	url := "http://" + kit.Serve(t, files.New(root, files.Options{})) + "/f.txt"
	part := filepath.Join(t.TempDir(), "part")
	if err := os.WriteFile(part, []byte(content[:12_345]), 0o644); err != nil {
		t.Fatal(err)
	}
	curl(t, "", "-C", "-", "-o", part, url)
	if got, err := os.ReadFile(part); err != nil || string(got) != content {
		t.Errorf("%d bytes after the resumption: %v", len(got), err)
	}
	if got := curl(t, "", "-r", "5-9,-2", url); strings.Count(got, "Content-Range") != 2 {
		t.Errorf("two ranges: %q", got)
	}
	if got := curl(t, "", "--path-as-is", "-o", os.DevNull, "-w", "%{http_code}", url+"/../../etc/passwd"); got != "400" {
		t.Errorf("dots: %s", got)
	}
}
