// Package listen has how the commands that serve listen: on TCP and on Unix sockets, with words for what is wrong with an address.
package listen

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/paf-go/paf/cmd/paf/internal/exit"
)

// On listens on "host:port", by tcp, or on "unix:PATH". Errors have an exit status: see package exit.
func On(ctx context.Context, addr string, tcp func(ctx context.Context, addr string) (net.Listener, error)) (net.Listener, error) {
	if path, ok := strings.CutPrefix(addr, "unix:"); ok {
		return listenUnix(ctx, &net.ListenConfig{}, path)
	}
	if err := checkTCP(addr); err != nil {
		return nil, exit.Errorf(exit.Usage, "cannot listen on %q: %w", addr, err)
	}
	ln, err := tcp(ctx, addr)
	if err != nil {
		return nil, exit.Errorf(exit.Failure, "cannot %w", err)
	}
	return ln, nil
}

// Kernel listens on "host:port" with the kernel's TCP.
func Kernel(ctx context.Context, addr string) (net.Listener, error) {
	var config net.ListenConfig
	return config.Listen(ctx, "tcp", addr)
}

// checkTCP says what is wrong with an address before the system says it in its
// own words.
func checkTCP(addr string) error {
	host, port, err := net.SplitHostPort(addr)
	_, bare := strconv.Atoi(addr)
	switch {
	case bare == nil:
		return fmt.Errorf("an address is host:port; did you mean %q?", "127.0.0.1:"+addr)
	case strings.Contains(addr, "://"):
		return errors.New("an address is host:port or unix:PATH, not a URL")
	case strings.ContainsRune(addr, '/'):
		return fmt.Errorf("an address is host:port; did you mean %q?", "unix:"+addr)
	case err != nil:
		return errors.New("an address is host:port or unix:PATH")
	case port == "":
		return fmt.Errorf("the port is missing; did you mean %q?", net.JoinHostPort(host, "8080"))
	}
	return nil
}

// listenUnix listens on a Unix socket. The file goes when the listener is closed.
// One that is there already is removed if it is a socket that nobody answers at,
// as a program that was killed leaves it.
func listenUnix(ctx context.Context, config *net.ListenConfig, path string) (net.Listener, error) {
	if path == "" {
		return nil, exit.Errorf(exit.Usage, "cannot listen on \"unix:\": the path is missing")
	}
	ln, err := config.Listen(ctx, "unix", path)
	if errors.Is(err, syscall.EADDRINUSE) {
		if err := removeStale(ctx, path); err != nil {
			return nil, exit.Errorf(exit.Failure, "cannot listen on \"unix:%s\": %w", path, err)
		}
		ln, err = config.Listen(ctx, "unix", path)
	}
	if err != nil {
		return nil, exit.Errorf(exit.Failure, "cannot %w", err)
	}
	return ln, nil
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

// URL returns the URL at which an address is reached from this machine.
func URL(scheme string, addr net.Addr) string {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok {
		return "unix:" + addr.String()
	}
	host := tcp.IP.String()
	if tcp.IP.IsUnspecified() {
		host = "localhost"
	}
	return scheme + "://" + net.JoinHostPort(host, strconv.Itoa(tcp.Port)) + "/"
}
