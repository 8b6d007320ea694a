package main

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/alpn"
	"github.com/paf-go/paf/cmd/paf/internal/serve"
	"github.com/urfave/cli/v3"
)

func serveCommand() *cli.Command {
	return &cli.Command{
		Name:      "serve",
		Usage:     "serve a directory, or the demo application",
		UsageText: "paf serve [--listen ADDR]... [options] [DIR]",
		Description: `With DIR its files are served: ranges, conditional requests, index.html.
Nothing outside DIR can be reached, nor by a symbolic link; names that begin
with a dot are not found unless --dotfiles says so.

Without DIR the demo application is served; its page at / says what it does.

Once it listens it prints each URL, then one line a request: method, target,
status, bytes, time taken, peer.

SIGINT and SIGTERM stop it: what is in progress may finish within --grace, a
second signal ends it at once.

Examples:
  paf serve                              the demo at http://127.0.0.1:8080/
  paf serve --listen :80 public          a site, to everybody
  paf serve --index --quiet .            this directory, with listings
  paf serve --listen unix:/run/paf.sock  on a Unix socket
  paf serve --listen localhost:0         on a free port, which it prints
  paf serve --tls                        over TLS, with a certificate of its own
  paf serve --tap tap0 --addr 10.0.0.2/24 --addr fd00::2/64
                                         as a station of its own on a TAP device

With --tap the kernel's network is not used: paf brings TCP/IP along, answers
ARP and pings, and listens on its own addresses, at port 80 unless --listen says
otherwise. "dhcp" and "slaac" stand for addresses that a server of DHCP gives
and that routers of IPv6 announce. The device has to be up:
  ip tuntap add tap0 mode tap; ip address add 10.0.0.1/24 dev tap0
  ip link set tap0 up

Exit status: 0 after a graceful stop, 1 if it cannot listen or serve, 2 for a
wrong command line, 128 + N when signal N ended it at once.`,
		Flags: []cli.Flag{
			&cli.StringSliceFlag{
				Name: "listen", Aliases: []string{"l"}, Value: []string{"127.0.0.1:8080"},
				Usage: "listen on `ADDR`, host:port or unix:PATH; may be given several times",
			},
			&cli.StringFlag{Name: "tap", Usage: "bring TCP/IP along, on the TAP device `NAME` (Linux)"},
			&cli.StringSliceFlag{Name: "addr", Usage: "with --tap, an address and its prefix, dhcp or slaac: `ADDR`; may be given several times"},
			&cli.StringSliceFlag{Name: "gw", Usage: "with --tap, the gateway `ADDR`; one of IPv4 and one of IPv6 may be given"},
			&cli.BoolFlag{Name: "tls", Usage: "speak TLS, with a certificate made for this run unless --cert and --key give one"},
			&cli.StringFlag{Name: "cert", Usage: "the certificate, and its chain, in the PEM file `FILE`"},
			&cli.StringFlag{Name: "key", Usage: "its key, in the PEM file `FILE`"},
			&cli.StringFlag{Name: "alpn", Value: "h2,http/1.1",
				Usage: "the protocols that are spoken, the preferred one first: `LIST` of h2, http/1.1 and http/1.0"},
			&cli.BoolFlag{Name: "index", Usage: "list the entries of directories without index.html"},
			&cli.BoolFlag{Name: "dotfiles", Usage: "serve names that begin with a dot too"},
			&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "print no line for a request"},
			&cli.DurationFlag{
				Name: "grace", Value: 30 * time.Second,
				Usage: "let requests in progress go on for `TIME` after a signal",
			},
		},
		Action: runServe,
	}
}

func runServe(ctx context.Context, cmd *cli.Command) error {
	if cmd.NArg() > 1 {
		return usagef(cmd, "one directory can be served, not %d", cmd.NArg())
	}
	if cmd.Duration("grace") < 0 {
		return usagef(cmd, "--grace %v is negative", cmd.Duration("grace"))
	}
	secure, protocol, err := tlsOptions(cmd)
	if err != nil {
		return err
	}
	tap, err := tapOptions(cmd)
	if err != nil {
		return err
	}
	listen := cmd.StringSlice("listen")
	if tap != nil && !cmd.IsSet("listen") {
		listen = []string{":80"}
	}
	dir := cmd.Args().First()
	if dir == "" && (cmd.Bool("index") || cmd.Bool("dotfiles")) {
		return usagef(cmd, "--index and --dotfiles need a DIR to serve")
	}
	grace := cmd.Duration("grace")
	if grace == 0 {
		grace = time.Nanosecond // zero would mean the library's default
	}
	return serve.Run(ctx, serve.Options{
		Listen:   listen,
		Tap:      tap,
		Dir:      dir,
		Index:    cmd.Bool("index"),
		Dotfiles: cmd.Bool("dotfiles"),
		Quiet:    cmd.Bool("quiet"),
		TLS:      secure,
		Protocol: protocol,
		Grace:    grace,
		Out:      cmd.Root().Writer,
		Log:      slog.New(slog.NewTextHandler(cmd.Root().ErrWriter, nil)),
	})
}

// tapOptions reads the flags of a stack of our own; nil is the kernel's.
func tapOptions(cmd *cli.Command) (*serve.Tap, error) {
	addrs, gateways := cmd.StringSlice("addr"), cmd.StringSlice("gw")
	switch {
	case !cmd.IsSet("tap") && len(addrs)+len(gateways) > 0:
		return nil, usagef(cmd, "--addr and --gw are for --tap")
	case !cmd.IsSet("tap"):
		return nil, nil
	case len(addrs) == 0:
		return nil, usagef(cmd, "--tap needs an address: --addr 10.0.0.2/24, or --addr dhcp")
	}
	tap, err := serve.NewTap(cmd.String("tap"), addrs, gateways)
	if err != nil {
		return nil, usagef(cmd, "%v", err)
	}
	return tap, nil
}

// tlsOptions reads the flags of TLS and of the protocols. In clear HTTP/2 is told from HTTP/1 by its
// first bytes, if both are wanted.
func tlsOptions(cmd *cli.Command) (*serve.TLS, paf.Protocol, error) {
	offers, err := serve.Protocols(cmd.String("alpn"))
	switch {
	case err != nil:
		return nil, 0, usagef(cmd, "--alpn: %v", err)
	case cmd.IsSet("cert") != cmd.IsSet("key"):
		return nil, 0, usagef(cmd, "--cert and --key go together")
	case cmd.IsSet("cert") && !cmd.Bool("tls"):
		return nil, 0, usagef(cmd, "--cert and --key are for --tls")
	case cmd.Bool("tls"):
		return &serve.TLS{Cert: cmd.String("cert"), Key: cmd.String("key"), Offers: offers}, 0, nil
	case !slices.Contains(offers, alpn.H2):
		return nil, paf.HTTP11, nil
	case len(offers) == 1:
		return nil, paf.HTTP2, nil
	}
	return nil, 0, nil
}
