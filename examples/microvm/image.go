//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/u-root/u-root/pkg/cpio"
)

// A kernel is what the machine boots.
type kernel struct {
	image   string // vmlinuz
	modules string // its folder as /lib/modules/VERSION
}

// errNoKernel says what to do where there is none.
var errNoKernel = errors.New("there is no kernel: `bash examples/microvm/install.sh` gets one, or -kernel and -modules say where one is")

// findKernel returns the newest kernel that install.sh has unpacked.
func findKernel() (kernel, error) {
	cache, err := cacheDir()
	if err != nil {
		return kernel{}, err
	}
	images, err := filepath.Glob(filepath.Join(cache, "boot", "vmlinuz-*"))
	if err != nil || len(images) == 0 {
		return kernel{}, errNoKernel
	}
	image := slices.MaxFunc(images, func(a, b string) int { return modified(a).Compare(modified(b)) })
	version := filepath.Base(image)[len("vmlinuz-"):]
	return kernel{image, filepath.Join(cache, "lib", "modules", version)}, nil
}

// modified returns when a file was written, or the zero time.
func modified(name string) (t time.Time) {
	if info, err := os.Stat(name); err == nil {
		t = info.ModTime()
	}
	return t
}

// cacheDir is where install.sh puts the kernel.
func cacheDir() (string, error) {
	dir, err := os.UserCacheDir()
	return filepath.Join(dir, "paf-microvm"), err
}

// compile has the command go make a program for the machine.
func compile(ctx context.Context, file string, goCommand ...string) error {
	cmd := exec.CommandContext(ctx, "go", slices.Concat(goCommand[:1], []string{"-trimpath", "-ldflags=-s -w", "-o", file}, goCommand[1:])...)
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("compile %s: %w\n%s", filepath.Base(file), err, out)
	}
	return nil
}

// An image is what the kernel unpacks into its memory as its file system.
type image struct {
	bytes   []byte
	program int // the size of its program
	drivers int // that of the modules
}

// String says how large it is.
func (m *image) String() string {
	const MB = 1e6
	return fmt.Sprintf("image: %.1f MB, of which the program is %.1f MB and the kernel's modules are %.1f MB",
		float64(len(m.bytes))/MB, float64(m.program)/MB, float64(m.drivers)/MB)
}

// newImage makes the image of a program, which the kernel starts as /init, of modules for it to load, and of what else is to be there.
func newImage(program []byte, drivers []module, more ...cpio.Record) (*image, error) {
	m := &image{program: len(program)}
	records := []cpio.Record{cpio.StaticFile("init", string(program), 0o755), cpio.Directory("modules", 0o755)}
	for i, d := range drivers {
		m.drivers += len(d.bytes)
		records = append(records, cpio.StaticFile(fmt.Sprintf("modules/%02d-%s", i, d.name), string(d.bytes), 0o644))
	}
	// What the kernel opens as the standard streams of process 1.
	records = append(records, cpio.Directory("dev", 0o755), cpio.CharDev("dev/console", 0o600, 5, 1))
	records = append(records, more...)
	var file bytes.Buffer
	w := cpio.Newc.Writer(&file)
	if err := errors.Join(cpio.WriteRecords(w, records), cpio.WriteTrailer(w)); err != nil {
		return nil, err
	}
	m.bytes = file.Bytes()
	return m, nil
}

// build compiles the guest and makes an image of it, of a kernel's modules and of what else is to be there.
func build(ctx context.Context, k kernel, more ...cpio.Record) (*image, error) {
	drivers, err := modules(k.modules, drivers)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "paf-microvm-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "init")
	if err := compile(ctx, file, "build", "github.com/paf-go/paf/examples/microvm/guest"); err != nil {
		return nil, err
	}
	program, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return newImage(program, drivers, more...)
}
