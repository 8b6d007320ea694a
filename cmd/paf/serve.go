package main

import (
	"context"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/alpn"
	"github.com/paf-go/paf/cmd/paf/internal/exit"
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
status, bytes, time taken, peer. A connection that is refused before there is a
request (no header of --proxy-protocol, no handshake of TLS) has a line on
standard error, of which there are at most a few a second.

SIGINT and SIGTERM stop it: what is in progress may finish within --grace, a
second signal ends it at once.

Examples:
  paf serve                              the demo at http://127.0.0.1:8080/
  paf serve --listen :80 public          a site, to everybody
  paf serve --index --quiet .            this directory, with listings
  paf serve --listen unix:/run/paf.sock  on a Unix socket
  paf serve --listen unix:@paf           on one without a file (Linux)
  paf serve --listen vsock:1024          for the host of this machine, or its machines
  paf serve --listen localhost:0         on a free port, which it prints
  paf serve --tls                        over TLS, with a certificate of its own
  paf serve --acme example.org --acme-agree public
                                         over TLS, with one that everybody trusts
  paf serve --tap tap0 --addr 10.0.0.2/24 --addr fd00::2/64
                                         as a station of its own on a TAP device

With --tap the kernel's network is not used: paf brings TCP/IP along, answers
ARP and pings, and listens on its own addresses, at port 80 unless --listen says
otherwise. "dhcp" and "slaac" stand for addresses that a server of DHCP gives
and that routers of IPv6 announce. The device has to be up:
  ip tuntap add tap0 mode tap; ip address add 10.0.0.1/24 dev tap0
  ip link set tap0 up

With --listen systemd the sockets are those that systemd hands on, with
systemd:NAME those of this FileDescriptorName. With Accept=yes that is one
connection: it is served, and the program ends. A service of Type=notify is told
when it is ready.

With --stdio one connection is served, on standard input and output, and the
program ends: for inetd (nowait), ssh and the like. What it would print goes to
standard error, unless that is the connection, too.
  ssh host paf serve --stdio /srv
  http stream tcp nowait www /usr/bin/paf paf serve --stdio /srv

With --proxy-protocol each connection begins with a header that says whose it is
(PROXY protocol, version 1 or 2), as balancers send it. --proxy-protocol=10.0.0.0/8
requires it from these addresses and takes it from nobody else; without a list
everybody who can connect is believed.

With --acme the certificates of these names are got from a CA (ACME, RFC 8555),
Let's Encrypt unless --acme-dir says otherwise, and renewed in time. It listens
on :443 unless --listen says otherwise, and on :80, where it answers the CA, too,
and redirects what else is for these names. The CA connects to these ports of
each name, whatever is listened on here. It tells each step. A name that fails
is tried again. With --dns-hook a program writes records for the CA to see
(dns-01), which is the only way to wildcards, as *.example.org, and to names that
the CA cannot reach. Servers with the same --storage are a fleet: one of them gets
a certificate, any answers the CA, and clients resume TLS sessions at all of them.
  paf serve --acme example.org,www.example.org --acme-agree --acme-dir staging
  paf serve --acme '*.example.org' --acme-agree --dns-hook /usr/local/bin/update-dns
  paf serve --acme example.org --acme-agree --storage redis://10.0.0.5/0?prefix=shop

Exit status: 0 after a graceful stop, or when the one connection has ended in
peace; 1 if it cannot listen or serve, or the one connection broke off; 2 for a
wrong command line; 26 if a file that it names cannot be read (--acme-ca-root,
--eab-hmac-file) or run (--dns-hook); 128 + N when signal N ended it at once.`,
		Flags: slices.Concat([]cli.Flag{
			&cli.StringSliceFlag{
				Name: "listen", Aliases: []string{"l"}, Value: []string{"127.0.0.1:8080"},
				Usage: "listen on `ADDR`, host:port, unix:PATH, unix:@NAME, vsock:PORT, systemd or systemd:NAME; may be given several times",
			},
			&cli.StringFlag{Name: "unix-mode", Usage: "give the files of Unix sockets the permissions `MODE`, as 0660"},
			&cli.BoolFlag{Name: "stdio", Usage: "serve one connection, on standard input and output"},
			&cli.GenericFlag{Name: "proxy-protocol", Value: &optional{}, Usage: "require the PROXY protocol's header, of all or of the addresses in `=LIST` alone"},
			&cli.StringFlag{Name: "tap", Usage: "bring TCP/IP along, on the TAP device `NAME` (Linux)"},
			&cli.StringSliceFlag{Name: "addr", Usage: "with --tap, an address and its prefix, dhcp or slaac: `ADDR`; may be given several times"},
			&cli.StringSliceFlag{Name: "gw", Usage: "with --tap, the gateway `ADDR`; one of IPv4 and one of IPv6 may be given"},
			&cli.BoolFlag{Name: "tls", Usage: "speak TLS, with a certificate made for this run unless --cert and --key give one"},
			&cli.StringFlag{Name: "cert", Usage: "the certificate, and its chain, in the PEM file `FILE`"},
			&cli.StringFlag{Name: "key", Usage: "its key, in the PEM file `FILE`"},
			&cli.StringSliceFlag{Name: "acme", Usage: "speak TLS with certificates that a CA issues for `NAME[,NAME...]`; may be given several times"},
			&cli.StringFlag{Name: "acme-http", Value: ":80", Usage: "with --acme, answer http-01 and redirect to https on `ADDR`; none for nowhere"},
			&cli.StringFlag{Name: "alpn", Value: "h2,http/1.1",
				Usage: "the protocols that are spoken, the preferred one first: `LIST` of h2, http/1.1 and http/1.0"},
			&cli.BoolFlag{Name: "index", Usage: "list the entries of directories without index.html"},
			&cli.BoolFlag{Name: "dotfiles", Usage: "serve names that begin with a dot too"},
			&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "print no line for a request"},
			&cli.StringFlag{Name: "grace", Value: "30s", Usage: "let requests in progress go on for `TIME` after a signal: seconds, or as 1m30s"},
		}, orderFlags(), acmeFlags()),
		Action: runServe,
	}
}

func runServe(ctx context.Context, cmd *cli.Command) error {
	if list := strayList(cmd); list != "" {
		return usagef(cmd, "the list of --proxy-protocol goes behind \"=\"; did you mean \"--proxy-protocol=%s\"?", list)
	}
	if cmd.NArg() > 1 {
		return usagef(cmd, "one directory can be served, not %d", cmd.NArg())
	}
	grace, err := timeOf(cmd, "grace")
	if err != nil {
		return err
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
	managed, err := serveACME(cmd)
	if err != nil {
		return err
	}
	if managed != nil && !cmd.IsSet("listen") {
		listen = []string{":443"}
	}
	dir := cmd.Args().First()
	if dir == "" && (cmd.Bool("index") || cmd.Bool("dotfiles")) {
		return usagef(cmd, "--index and --dotfiles need a DIR to serve")
	}
	if grace == 0 {
		grace = time.Nanosecond // zero would mean the library's default
	}
	mode, err := modeOption(cmd, listen)
	if err != nil {
		return err
	}
	proxy, err := proxyOption(cmd)
	if err != nil {
		return err
	}
	o := serve.Options{
		Listen:      listen,
		UnixMode:    mode,
		ProxyHeader: proxy,
		Tap:         tap,
		Dir:         dir,
		Index:       cmd.Bool("index"),
		Dotfiles:    cmd.Bool("dotfiles"),
		Quiet:       cmd.Bool("quiet"),
		TLS:         secure,
		ACME:        managed,
		Protocol:    protocol,
		Grace:       grace,
		Out:         cmd.Root().Writer,
		Log:         slog.New(slog.NewTextHandler(cmd.Root().ErrWriter, nil)),
	}
	if cmd.Bool("stdio") {
		return runStdio(ctx, cmd, o)
	}
	return serve.Run(ctx, o)
}

// runStdio serves one connection. Nothing but its bytes may go to standard output.
func runStdio(ctx context.Context, cmd *cli.Command, o serve.Options) error {
	if cmd.IsSet("listen") || cmd.IsSet("tap") || cmd.IsSet("acme") {
		return usagef(cmd, "with --stdio there is nothing to listen on")
	}
	signal.Ignore(syscall.SIGPIPE) // else a peer that has gone ends the program, or the word that there is none
	root := cmd.Root()
	stdio, silent, err := serve.NewStdio(root.Reader, root.Writer, root.ErrWriter)
	if err != nil {
		return err
	}
	o.Stdio, o.Out = stdio, root.ErrWriter
	if silent {
		o.Out, o.Log = io.Discard, slog.New(slog.DiscardHandler)
	}
	if err = serve.Run(ctx, o); err != nil && silent {
		return exit.Errorf(exit.CodeOf(err), "")
	}
	return err
}

// modeOption reads the permissions of Unix sockets, of which there has to be one with a file; 0 is none.
func modeOption(cmd *cli.Command, listen []string) (fs.FileMode, error) {
	text := cmd.String("unix-mode")
	if text == "" {
		return 0, nil
	}
	mode, err := strconv.ParseUint(text, 8, 32)
	if err != nil || mode == 0 || mode > 0o777 {
		return 0, usagef(cmd, "the option \"--unix-mode\" takes permissions (as 0660), not %q", text)
	}
	if cmd.Bool("stdio") || !slices.ContainsFunc(listen, ofFile) {
		return 0, usagef(cmd, "--unix-mode is for the file of a Unix socket, --listen unix:PATH, and there is none")
	}
	return fs.FileMode(mode), nil
}

// ofFile reports whether an address is a Unix socket's that has a file.
func ofFile(addr string) bool {
	return strings.HasPrefix(addr, "unix:") && !strings.HasPrefix(addr, "unix:@")
}

// strayList returns the argument that was meant for --proxy-protocol, as one would write it for other options: a list of addresses where there is
// nothing of that name to serve.
func strayList(cmd *cli.Command) string {
	if !cmd.IsSet("proxy-protocol") || cmd.Generic("proxy-protocol").(*optional).text != "" {
		return ""
	}
	for _, arg := range cmd.Args().Slice() {
		if _, err := serve.NewProxyHeader(arg); err != nil || arg == "" {
			continue
		}
		if _, err := os.Stat(arg); err != nil {
			return arg
		}
	}
	return ""
}

// proxyOption reads from whom headers are required; nil is from nobody.
func proxyOption(cmd *cli.Command) (*serve.ProxyHeader, error) {
	if !cmd.IsSet("proxy-protocol") {
		return nil, nil
	}
	said := cmd.Generic("proxy-protocol").(*optional)
	if said.times > 1 {
		return nil, usagef(cmd, "--proxy-protocol is there %d times; its list may have several addresses, as =10.0.0.0/8,::1", said.times)
	}
	p, err := serve.NewProxyHeader(said.text)
	if err != nil {
		return nil, usagef(cmd, "--proxy-protocol: %v", err)
	}
	return p, nil
}

// emptyList says what is wrong with a list of no characters, as of a variable that is not set: the reader of options takes it for none, which
// would be everybody.
func emptyList(args []string) error {
	if !slices.Contains(args, "--proxy-protocol=") {
		return nil
	}
	return &usageError{"--proxy-protocol= names nobody; without \"=\" everybody is believed", "paf serve --help"}
}

// An optional is the value of an option that may stand without one.
type optional struct {
	text  string
	times int // that it was given
}

// IsBoolFlag tells the reader of options that there need be no value.
func (o *optional) IsBoolFlag() bool { return true }

// Set implements cli.Value.
func (o *optional) Set(text string) error {
	o.times++
	if o.text = text; text == "true" { // which stands for none
		o.text = ""
	}
	return nil
}

// String implements cli.Value.
func (o *optional) String() string { return o.text }

// Get implements cli.Value.
func (o *optional) Get() any { return o }

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
	case cmd.IsSet("cert") && !cmd.Bool("tls") && !cmd.IsSet("acme"):
		return nil, 0, usagef(cmd, "--cert and --key are for --tls")
	case cmd.IsSet("cert") && cmd.IsSet("acme"):
		return nil, 0, usagef(cmd, "either --cert and --key or --acme, not both")
	case cmd.Bool("tls") || cmd.IsSet("acme"):
		return &serve.TLS{Cert: cmd.String("cert"), Key: cmd.String("key"), Offers: offers}, 0, nil
	case !slices.Contains(offers, alpn.H2):
		return nil, paf.HTTP11, nil
	case len(offers) == 1:
		return nil, paf.HTTP2, nil
	}
	return nil, 0, nil
}
