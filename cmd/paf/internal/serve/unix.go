package serve

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/paf-go/paf/cmd/paf/internal/exit"
)

// listenUnix listens on a Unix socket. Its file goes when the listener is closed.
// One that is there already is removed if it is a socket that nobody answers at,
// as a program that was killed leaves it. "@NAME" is a socket without a file (Linux).
func listenUnix(ctx context.Context, path string, mode fs.FileMode) (net.Listener, error) {
	if path == "" || path == "@" {
		return nil, exit.Errorf(exit.Usage, "cannot listen on \"unix:%s\": the path is missing", path)
	}
	abstract := strings.HasPrefix(path, "@")
	if most := longest(abstract); len(path) > most {
		return nil, exit.Errorf(exit.Usage, "cannot listen on \"unix:%s\": the path has %d bytes, and that of a Unix socket no more than %d", path, len(path), most)
	}
	config := &net.ListenConfig{}
	if mode != 0 && !abstract {
		config.Control = func(_, _ string, c syscall.RawConn) error { return restrict(c, mode) }
	}
	ln, err := config.Listen(ctx, "unix", path)
	if errors.Is(err, syscall.EADDRINUSE) && !abstract {
		if err := removeStale(ctx, path); err != nil {
			return nil, exit.Errorf(exit.Failure, "cannot listen on \"unix:%s\": %w", path, err)
		}
		ln, err = config.Listen(ctx, "unix", path)
	}
	if err == nil && mode != 0 && !abstract {
		if err = os.Chmod(path, mode); err != nil {
			ln.Close()
		}
	}
	if err != nil {
		return nil, exit.Errorf(exit.Failure, "cannot listen on \"unix:%s\": %w", path, bare(err))
	}
	return ln, nil
}

// longest returns how many bytes the path of a Unix socket may have: one of a file is followed by a zero, one without begins with it in place of "@".
func longest(abstract bool) int {
	n := len(syscall.RawSockaddrUnix{}.Path)
	if abstract {
		return n
	}
	return n - 1
}

func removeStale(ctx context.Context, path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it has gone meanwhile
	}
	if err != nil {
		return err
	}
	if info.Mode().Type() != fs.ModeSocket {
		return errors.New("the file exists and is not a socket")
	}
	dialer := net.Dialer{Timeout: time.Second}
	conn, err := dialer.DialContext(ctx, "unix", path)
	if err == nil {
		conn.Close()
		return errors.New("somebody answers there already")
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return err
	}
	return os.Remove(path)
}
