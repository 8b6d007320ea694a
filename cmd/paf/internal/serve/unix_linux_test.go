package serve

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/cmd/paf/internal/exit"
	"github.com/paf-go/paf/mimic"
	"github.com/paf-go/paf/vsock"
)

// A socket with an abstract name has no file, is reached by that name, and is there once.
func TestAbstractSocketIsServed(t *testing.T) {
	name := fmt.Sprintf("@paf-serve-test-%d", os.Getpid())
	r := start(t, Options{Listen: []string{"unix:" + name}}, 1)
	if !strings.HasSuffix(r.out.String(), " at unix:"+name+"\n") {
		t.Errorf("printed: %q", r.out.String())
	}
	client := &paf.Client{Context: mimic.Add(mimic.Context{}, paf.Unix, name)}
	resp, err := client.Get(t.Context(), "http://localhost/echo")
	if err != nil || resp.Status != 200 {
		t.Errorf("%v", err)
	} else {
		resp.Body.Close()
	}
	client.Close()
	if _, err := new(network).listen(t.Context(), "unix:"+name); !errors.Is(err, syscall.EADDRINUSE) || exit.CodeOf(err) != exit.Failure {
		t.Errorf("a second one: %v", err)
	}
	if _, err := os.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("there is a file: %v", err)
	}
	r.stop()
	if err := r.ended(t); err != nil {
		t.Error(err)
	}
	if c, err := net.Dial("unix", name); err == nil {
		c.Close()
		t.Error("it is still there")
	}
}

// The file has the mode that was asked for, whatever the umask, also where it takes the place of a stale one.
func TestUnixModeIsThatOfTheFile(t *testing.T) {
	for _, umask := range []int{0, 0o022, 0o777} {
		for _, mode := range []fs.FileMode{0o600, 0o660, 0o666, 0o777} {
			path := filepath.Join(t.TempDir(), "s")
			stale, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
			if err != nil {
				t.Fatal(err)
			}
			stale.SetUnlinkOnClose(false)
			stale.Close()
			before := syscall.Umask(umask)
			ln, err := (&network{unixMode: mode}).listen(t.Context(), "unix:"+path)
			syscall.Umask(before)
			if err != nil {
				t.Fatal(err)
			}
			if info, err := os.Lstat(path); err != nil || info.Mode().Perm() != mode {
				t.Errorf("umask %o, mode %o: %v, %v", umask, mode, info.Mode(), err)
			}
			ln.Close()
			if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("the file is left: %v", err)
			}
		}
	}
}

// Between its birth and the end of listen the file is never open to more.
func TestUnixModeIsThereFromTheStart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	before := syscall.Umask(0)
	defer syscall.Umask(before)
	config := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error { return restrict(c, 0o600) }}
	ln, err := config.Listen(t.Context(), "unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if info, err := os.Lstat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

// A port of AF_VSOCK can be listened on wherever the kernel has the family, whether or not a connection can be made; package vsock makes
// them. A kernel without it cannot be given it by a test, nor by CI: this one is skipped there, too.
func TestVsockIsListenedOn(t *testing.T) {
	probe, err := vsock.Listen(vsock.Addr{CID: vsock.Any})
	if err != nil {
		t.Skipf("SKIPPED: this kernel has no AF_VSOCK: nothing was listened on: %v", err)
	}
	at := fmt.Sprintf("vsock:%d", probe.Addr().(vsock.Addr).Port)
	probe.Close()
	r := start(t, Options{Listen: []string{at}}, 1)
	if !strings.HasSuffix(r.out.String(), " at "+at+"\n") {
		t.Errorf("printed: %q", r.out.String())
	}
	r.stop()
	if err := r.ended(t); err != nil {
		t.Error(err)
	}
}
