//go:build linux

package main

import (
	"bufio"
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ulikunitz/xz"
)

// drivers are the modules that the machine wants: its network card, its power button, vsock to its host and to itself. What they need comes along.
var drivers = []string{"virtio_pci", "virtio_net", "button", "evdev", "vmw_vsock_virtio_transport", "vsock_loopback"}

// A module is a driver that is not in the kernel itself.
type module struct {
	name  string
	bytes []byte // an ELF file
}

// modules returns what is wanted of the modules in a folder as /lib/modules/VERSION, and all that it needs, in the order in which
// they can be loaded.
func modules(dir string, wanted []string) ([]module, error) {
	k := moduleSet{dir: dir, done: map[string]bool{}}
	if err := k.list(); err != nil {
		return nil, err
	}
	for _, name := range wanted {
		if err := k.add(name); err != nil {
			return nil, err
		}
	}
	return k.ordered, nil
}

type moduleSet struct {
	dir     string
	files   map[string]string // by name
	builtin map[string]bool
	done    map[string]bool
	ordered []module
}

// list finds all modules of a kernel.
func (k *moduleSet) list() error {
	k.files, k.builtin = map[string]string{}, map[string]bool{}
	err := filepath.WalkDir(k.dir, func(path string, _ fs.DirEntry, err error) error {
		if base, _, ok := strings.Cut(filepath.Base(path), ".ko"); ok {
			k.files[moduleName(base)] = path
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("the modules of the kernel: %w", err)
	}
	file, err := os.ReadFile(filepath.Join(k.dir, "modules.builtin"))
	if err != nil {
		return fmt.Errorf("what is built into the kernel: %w", err)
	}
	for lines := bufio.NewScanner(bytes.NewReader(file)); lines.Scan(); {
		k.builtin[moduleName(strings.TrimSuffix(filepath.Base(lines.Text()), ".ko"))] = true
	}
	return nil
}

// moduleName returns the name of a module, in which a dash is as good as an underscore.
func moduleName(s string) string { return strings.ReplaceAll(s, "-", "_") }

// add appends a module behind those that it needs.
func (k *moduleSet) add(name string) error {
	if k.done[name] || k.builtin[name] {
		return nil
	}
	k.done[name] = true
	path, ok := k.files[name]
	if !ok {
		return fmt.Errorf("the kernel in %s has no module %s", k.dir, name)
	}
	file, err := readModule(path)
	if err != nil {
		return err
	}
	needs, err := needsOf(file)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for _, need := range needs {
		if err := k.add(need); err != nil {
			return fmt.Errorf("%w, which %s needs", err, name)
		}
	}
	k.ordered = append(k.ordered, module{name, file})
	return nil
}

// readModule reads a module, which Debian compresses from version 13 on.
func readModule(path string) ([]byte, error) {
	file, err := os.ReadFile(path)
	if err != nil || filepath.Ext(path) == ".ko" {
		return file, err
	}
	if filepath.Ext(path) != ".xz" {
		return nil, fmt.Errorf("%s is compressed in a way that is not known here", path)
	}
	r, err := xz.NewReader(bytes.NewReader(file))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return io.ReadAll(r)
}

// needsOf returns what modules a module says that it needs.
func needsOf(file []byte) ([]string, error) {
	f, err := elf.NewFile(bytes.NewReader(file))
	if err != nil {
		return nil, err
	}
	section := f.Section(".modinfo")
	if section == nil {
		return nil, errors.New("it has no .modinfo")
	}
	info, err := section.Data()
	if err != nil {
		return nil, err
	}
	for fact := range strings.SplitSeq(string(info), "\x00") {
		if list, ok := strings.CutPrefix(fact, "depends="); ok {
			names := strings.Split(moduleName(list), ",")
			return slices.DeleteFunc(names, func(s string) bool { return s == "" }), nil
		}
	}
	return nil, nil
}
