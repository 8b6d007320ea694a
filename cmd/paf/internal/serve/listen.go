package serve

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/paf-go/paf/cmd/paf/internal/exit"
	"github.com/paf-go/paf/vsock"
)

// Listen listens on "host:port", "unix:PATH" or "vsock:PORT" of the kernel. Errors have an exit status: see package exit.
func Listen(ctx context.Context, addr string) (net.Listener, error) {
	return new(network).listen(ctx, addr)
}

// listen listens on "host:port", "unix:PATH" or "vsock:PORT".
func (n *network) listen(ctx context.Context, addr string) (net.Listener, error) {
	if path, ok := strings.CutPrefix(addr, "unix:"); ok {
		return listenUnix(ctx, path, n.unixMode)
	}
	if rest, ok := strings.CutPrefix(addr, "vsock:"); ok {
		return listenVsock(addr, rest)
	}
	if err := checkTCP(addr, n.forms()); err != nil {
		return nil, exit.Errorf(exit.Usage, "cannot listen on %q: %w", addr, err)
	}
	ln, err := n.tcp(ctx, addr)
	if err != nil {
		return nil, exit.Errorf(exit.Failure, "cannot listen on %q: %w", addr, bare(err))
	}
	return ln, nil
}

// forms are those that an address may have.
func (n *network) forms() string {
	if n.inherits {
		return "host:port, unix:PATH, vsock:PORT or systemd"
	}
	return "host:port, unix:PATH or vsock:PORT"
}

// checkTCP says what is wrong with an address before the system says it in its
// own words.
func checkTCP(addr, forms string) error {
	host, port, err := net.SplitHostPort(addr)
	_, bare := strconv.Atoi(addr)
	switch {
	case bare == nil:
		return fmt.Errorf("an address is host:port; did you mean %q?", "127.0.0.1:"+addr)
	case strings.Contains(addr, "://"):
		return fmt.Errorf("an address is %s, not a URL", forms)
	case strings.ContainsRune(addr, '/'), strings.HasPrefix(addr, "@"):
		return fmt.Errorf("an address is host:port; did you mean %q?", "unix:"+addr)
	case err != nil:
		return fmt.Errorf("an address is %s", forms)
	case port == "":
		return fmt.Errorf("the port is missing; did you mean %q?", net.JoinHostPort(host, "8080"))
	}
	return nil
}

// listenVsock listens on "PORT", for all machines that lead here, or on "CID:PORT".
func listenVsock(addr, rest string) (net.Listener, error) {
	at, err := vsock.ParseAddr(rest)
	if err != nil {
		return nil, exit.Errorf(exit.Usage, "cannot listen on %q: an address is vsock:PORT or vsock:CID:PORT", addr)
	}
	ln, err := vsock.Listen(at)
	if err != nil {
		return nil, exit.Errorf(exit.Failure, "cannot listen on %q: %w", addr, bare(err))
	}
	return ln, nil
}

// URL returns the URL at which an address is reached from this machine.
func URL(scheme string, addr net.Addr) string {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok {
		return addr.Network() + ":" + addr.String()
	}
	host := tcp.IP.String()
	if tcp.IP.IsUnspecified() {
		host = "localhost"
	}
	return scheme + "://" + net.JoinHostPort(host, strconv.Itoa(tcp.Port)) + "/"
}
