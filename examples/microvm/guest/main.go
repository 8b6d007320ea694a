//go:build linux

// Guest is the one program of the virtual machine: its kernel starts it as process 1, with the arguments that stand behind "--" on the
// kernel's command line. It loads the drivers that lie beside it, joins the network, serves, and turns the machine off when
// it is told to. An error turns it off too. Arguments that name a program of the image have it run in place of all that.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"sync"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/vsock"
	"golang.org/x/sys/unix"
)

// port is where each listener is, of TCP and of vsock; tlsPort is that of TLS.
const port, tlsPort = 80, 443

func main() {
	if os.Getpid() != 1 {
		fmt.Fprintln(os.Stderr, "guest: this is process 1 of a virtual machine, which `go run ./examples/microvm run` starts")
		os.Exit(2)
	}
	if err := live(os.Args[1:]); err != nil {
		slog.Error("cannot go on", "error", err)
	}
	slog.Info("turning the machine off")
	if err := unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF); err != nil {
		slog.Error("the machine cannot be turned off", "error", err)
	}
}

// live is all that the machine does, from its kernel's start to its end.
func live(args []string) error {
	var c config
	if err := c.parse(args); err != nil {
		return err
	}
	if err := loadModules("/modules"); err != nil {
		return err
	}
	if len(c.program) > 0 {
		return run(c.program)
	}
	go reap()
	// Ctrl-Alt-Delete shall not reset the machine but be a SIGINT for process 1.
	if err := unix.Reboot(unix.LINUX_REBOOT_CMD_CAD_OFF); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), unix.SIGTERM, unix.SIGINT)
	defer stop()
	go func() {
		if err := awaitButton(); err != nil {
			slog.Warn("the power button is not heard", "error", err)
			return
		}
		slog.Info("the power button was pressed")
		stop()
	}()
	n, err := join(ctx, c)
	if err != nil {
		return err
	}
	return errors.Join(serve(ctx, n, stop), n.close())
}

// run runs a program of the image, with its output on the console.
func run(program []string) error {
	cmd := exec.Command(program[0], program[1:]...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w", program[0], err)
	}
	slog.Info("the program has ended in peace", "program", program[0])
	return nil
}

// serve answers on all listeners until ctx ends and what is in flight is finished, or one of them fails.
func serve(ctx context.Context, n *network, stop func()) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	server := &paf.Server{Handler: newSite(n, stop)}
	listeners, err := n.listenAll()
	if err != nil {
		return err
	}
	var all sync.WaitGroup
	ended := make(chan error, len(listeners))
	for _, ln := range listeners {
		all.Go(func() {
			ended <- server.Serve(ctx, ln)
			cancel()
		})
	}
	slog.Info("serving", "network", n.what, "addresses", n.addresses(), "uptime", uptime())
	all.Wait()
	close(ended)
	for e := range ended {
		err = errors.Join(err, e)
	}
	return err
}

// config is what the command line of the kernel says.
type config struct {
	network string // "netstack" or "kernel"
	address string // "dhcp", or an address with the length of its prefix
	gateway string
	program []string // what is run in place of serving, with its arguments
}

func (c *config) parse(args []string) error {
	flags := flag.NewFlagSet("guest", flag.ContinueOnError)
	flags.StringVar(&c.network, "net", "netstack", "whose TCP/IP it is: netstack, which is in this program, or kernel")
	flags.StringVar(&c.address, "addr", "dhcp", "the address of the machine, as 10.0.2.15/24; netstack can ask for one: dhcp")
	flags.StringVar(&c.gateway, "gw", "", "the gateway of an address that is given")
	if err := flags.Parse(args); err != nil {
		return err
	}
	c.program = flags.Args()
	return nil
}

// listenAll opens the listeners: HTTP in clear, over TLS, and over vsock where the machine has that.
func (n *network) listenAll() ([]net.Listener, error) {
	open, err := n.listen(fmt.Sprintf(":%d", port))
	if err != nil {
		return nil, err
	}
	secure, err := n.listen(fmt.Sprintf(":%d", tlsPort))
	if err != nil {
		return nil, err
	}
	if secure, err = overTLS(secure, n.addresses()); err != nil {
		return nil, err
	}
	listeners := []net.Listener{open, secure}
	over, err := vsock.Listen(vsock.Addr{CID: vsock.Any, Port: port})
	if err != nil {
		slog.Warn("nothing is served over vsock", "error", err)
		return listeners, nil
	}
	return append(listeners, over), nil
}
