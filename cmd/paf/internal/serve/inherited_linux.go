package serve

import (
	"errors"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/coreos/go-systemd/v22/activation"
	"github.com/paf-go/paf/cmd/paf/internal/exit"
	"github.com/paf-go/paf/vsock"
	"golang.org/x/sys/unix"
)

// Inherited are the sockets that systemd has handed on (sd_listen_fds(3)).
type inherited struct {
	asked bool
	files []*os.File // that nobody has taken yet
}

// open makes sources of the sockets of a name, or of all that are left.
func (i *inherited) open(s *sources, name string) error {
	if !i.asked {
		i.asked = true
		if err := promised(); err != nil {
			return err
		}
		i.files = activation.Files(true)
	}
	var names []string
	found := false
	for n, f := range i.files {
		if f == nil {
			continue
		}
		if name != "" && f.Name() != name {
			names = append(names, f.Name())
			continue
		}
		found = true
		i.files[n] = nil
		err := s.add(f)
		_ = f.Close() // what is made of it is a duplicate
		if err != nil {
			return exit.Errorf(exit.Failure, "cannot serve the socket %q that was handed on: %w", f.Name(), err)
		}
	}
	switch {
	case found:
		return nil
	case len(names) > 0:
		slices.Sort(names)
		return exit.Errorf(exit.Usage, "cannot listen on \"systemd:%s\": the sockets that were handed on are %s", name, strings.Join(slices.Compact(names), ", "))
	}
	return exit.Errorf(exit.Usage, "cannot listen on \"systemd\": no socket was handed on to this process (LISTEN_FDS, LISTEN_PID)")
}

// promised fails if LISTEN_FDS promises more descriptors than there are: those that follow are the program's own, and would be closed as
// nobody's. Those are closed by exec, which what is handed on has come through.
func promised() error {
	if os.Getenv("LISTEN_PID") != strconv.Itoa(os.Getpid()) {
		return nil
	}
	n, _ := strconv.Atoi(os.Getenv("LISTEN_FDS"))
	for k := range n {
		if flags, err := unix.FcntlInt(uintptr(first+k), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC != 0 {
			return exit.Errorf(exit.Usage, "cannot listen on \"systemd\": LISTEN_FDS is %d, and the descriptor %d was not handed on", n, first+k)
		}
	}
	return nil
}

// first is the first descriptor that is handed on (SD_LISTEN_FDS_START).
const first = 3

func (i *inherited) close() {
	for _, f := range i.files {
		if f != nil {
			_ = f.Close()
		}
	}
}

// add makes a listener or a connection of a socket.
func (s *sources) add(f *os.File) error {
	kind, err := socketOption(f, unix.SO_TYPE)
	if err == nil && kind != unix.SOCK_STREAM {
		err = errors.New("it is no stream socket")
	}
	var domain, listening int
	if err == nil {
		domain, err = socketOption(f, unix.SO_DOMAIN)
	}
	if err == nil {
		listening, err = socketOption(f, unix.SO_ACCEPTCONN)
	}
	if err != nil {
		return err
	}
	if listening == 0 {
		c, err := connectionOf(f, domain)
		if err == nil {
			s.conns = append(s.conns, c)
		}
		return err
	}
	ln, err := listenerOf(f, domain)
	if err == nil {
		s.listeners = append(s.listeners, ln)
	}
	return err
}

// listening reports whether a file is a socket that accepts connections.
func listening(f *os.File) bool {
	is, err := socketOption(f, unix.SO_ACCEPTCONN)
	return err == nil && is != 0
}

func listenerOf(f *os.File, domain int) (net.Listener, error) {
	if domain == unix.AF_VSOCK {
		return vsock.FileListener(f)
	}
	return net.FileListener(f)
}

func connectionOf(f *os.File, domain int) (net.Conn, error) {
	if domain == unix.AF_VSOCK {
		return vsock.FileConn(f)
	}
	return net.FileConn(f)
}

func socketOption(f *os.File, option int) (value int, err error) {
	raw, err := f.SyscallConn()
	if err != nil {
		return 0, err
	}
	if e := raw.Control(func(fd uintptr) { value, err = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, option) }); e != nil {
		return 0, e
	}
	return value, os.NewSyscallError("getsockopt", err)
}
