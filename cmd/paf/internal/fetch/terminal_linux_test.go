package fetch

import (
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// openTerminal opens a terminal, and the end at which its user sits.
func openTerminal() (screen, user *os.File, err error) {
	user, err = os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		return nil, nil, err
	}
	var number, locked uint32
	for request, arg := range map[uintptr]*uint32{syscall.TIOCSPTLCK: &locked, syscall.TIOCGPTN: &number} {
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, user.Fd(), request, uintptr(unsafe.Pointer(arg))); errno != 0 {
			user.Close()
			return nil, nil, errno
		}
	}
	screen, err = os.OpenFile(fmt.Sprint("/dev/pts/", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		user.Close()
	}
	return screen, user, err
}

func TestHeadIsEscapedOnATerminal(t *testing.T) {
	screen, user, err := openTerminal()
	if err != nil {
		t.Logf("NOT RUN: no terminal here: %v", err)
		return
	}
	defer user.Close()
	addr, _ := script(t, "HTTP/1.1 200 \u009b31mred\r\nX: \u009d0;title\u009c\r\nContent-Length: 2\r\n\r\nhi")
	err = Run(t.Context(), Options{URL: addr, Head: true, Timeout: 20 * time.Second, Silent: true, Stdout: screen, Stderr: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	screen.Close()
	shown, _ := io.ReadAll(user) // ends with EIO, as nobody has the terminal any more
	got := strings.ReplaceAll(string(shown), "\r", "")
	if want := "HTTP/1.1 200 \\xc2\\x9b31mred\nX: \\xc2\\x9d0;title\\xc2\\x9c\nContent-Length: 2\n\nhi"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
