//go:build linux

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ulikunitz/xz"
)

func names(all []module) []string {
	var s []string
	for _, m := range all {
		s = append(s, m.name)
	}
	return s
}

func TestModulesComeBehindWhatTheyNeed(t *testing.T) {
	all, err := modules(needKernel(t).modules, drivers)
	if err != nil {
		t.Fatal(err)
	}
	var before []string
	for _, m := range all {
		needs, err := needsOf(m.bytes)
		if err != nil {
			t.Fatal(err)
		}
		for _, need := range needs {
			if !slices.Contains(before, need) {
				t.Errorf("%s stands before %s, which it needs", m.name, need)
			}
		}
		before = append(before, m.name)
	}
	if !slices.Contains(before, "virtio_net") || len(before) < len(drivers) {
		t.Errorf("there are only %v", before)
	}
}

// TestCompressedModulesAreUnpacked has a folder as Debian's are from version 13 on.
func TestCompressedModulesAreUnpacked(t *testing.T) {
	plain, err := modules(needKernel(t).modules, []string{"virtio_net"})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "modules.builtin"), nil)
	for _, m := range plain {
		var file bytes.Buffer
		w, err := xz.NewWriter(&file)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(m.bytes); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, strings.ReplaceAll(m.name, "_", "-")+".ko.xz"), file.Bytes())
	}
	unpacked, err := modules(dir, []string{"virtio_net"})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.EqualFunc(plain, unpacked, func(a, b module) bool { return a.name == b.name && bytes.Equal(a.bytes, b.bytes) }) {
		t.Errorf("%v, want %v as they are", names(unpacked), names(plain))
	}
}

func TestMissingModulesAreNamed(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "modules.builtin"), []byte("kernel/drivers/virtio/virtio-pci.ko\n"))
	if all, err := modules(dir, []string{"virtio_pci"}); err != nil || len(all) > 0 {
		t.Errorf("%v, %v; want none, as it is built in", names(all), err)
	}
	if _, err := modules(dir, []string{"virtio_net"}); err == nil || !strings.Contains(err.Error(), "virtio_net") {
		t.Errorf("%v, want that virtio_net is missing", err)
	}
}

func write(t *testing.T, name string, file []byte) {
	t.Helper()
	if err := os.WriteFile(name, file, 0o600); err != nil {
		t.Fatal(err)
	}
}
