package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/paf-go/paf/cmd/paf/internal/proxying"
	"github.com/urfave/cli/v3"
)

func proxyCommand() *cli.Command {
	return &cli.Command{
		Name:      "proxy",
		Usage:     "pass requests on: to the servers of a site, or wherever clients want",
		UsageText: "paf proxy --to URL[=WEIGHT]... [options]\npaf proxy --forward [options]\npaf proxy --config FILE",
		Description: `With --to it is a gateway (reverse proxy): requests go to the upstreams by turns,
over the version of HTTP that each speaks, WebSocket too. An upstream that fails
is left alone for a while, and its request goes to another one if that is safe.
A URL is one of:
  http://HOST:PORT/PATH    HTTP/1.1
  https://HOST:PORT/PATH   what TLS agrees on: HTTP/2 or HTTP/1.1
  h2c://HOST:PORT/PATH     HTTP/2 in clear
  http+unix://%2Frun%2Fapp.sock/PATH   HTTP/1.1 over a Unix socket
  https+unix://...         what TLS agrees on there

With --forward clients name the server: by CONNECT, for a tunnel, or by a whole
URL. They are led to ports 80, 443 and from 1024 on; not to private addresses,
unless --allow-private or a rule says so. A RULE is a name, *.name for all below
it, *, an address or a prefix, with :port or :port-port behind it if need be.

With --config all of that is read from a YAML file, whose keys are the names of
the options, and which may have several sites.

On SIGHUP the file, the certificates and the users are read again. If something
is wrong with them all stays as it was. No connection is lost.

One line a request goes to standard output: method, target, status, bytes, time taken,
peer, protocol, user, upstream. What else happens goes to standard error, the addresses among it.

SIGINT and SIGTERM stop it: what is in progress may finish within --grace, a
second signal ends it at once.

Examples:
  paf proxy --to http://127.0.0.1:3000
  paf proxy --listen :443 --tls --cert a.pem --key a.key \
            --cert b.pem --key b.key --to http://10.0.0.1=2 --to http://10.0.0.2 \
            --health /healthz,2s
  paf proxy --to http://127.0.0.1:3000 --listen :80 --listen tls::443
  paf proxy --forward --listen 127.0.0.1:3128 --users users.htpasswd
  paf proxy --forward --allow '*.example.org:443' --deny internal.example.org
  paf proxy --config proxy.yaml

Exit status: 0 after a graceful stop, 1 if it cannot listen or serve, 2 for a
wrong command line or configuration, 128 + N when signal N ended it at once.`,
		Flags:  append(proxyFlags(), passingFlags()...),
		Action: runProxy,
	}
}

func proxyFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "to", Usage: "pass requests on to the upstream `URL`, URL=WEIGHT for more than one share; may be given several times"},
		&cli.BoolFlag{Name: "forward", Usage: "pass requests on to where clients want"},
		&cli.StringFlag{Name: "config", Usage: "read all options from `FILE`; no other can be given"},
		&cli.StringSliceFlag{
			Name: "listen", Aliases: []string{"l"}, Value: []string{"127.0.0.1:8080"},
			Usage: "listen on `ADDR`, host:port, unix:PATH or vsock:PORT, tls:ADDR for TLS; may be given several times",
		},
		&cli.BoolFlag{Name: "tls", Usage: "speak TLS on all of them, with a certificate made for this run unless --cert and --key give one"},
		&cli.StringSliceFlag{Name: "cert", Usage: "a certificate, and its chain, in the PEM file `FILE`; of several, clients get the one for the name that they ask for"},
		&cli.StringSliceFlag{Name: "key", Usage: "its key, in the PEM file `FILE`"},
		&cli.StringFlag{Name: "alpn", Value: "h2,http/1.1", Usage: "the protocols that clients may speak, the preferred one first: `LIST` of h2, http/1.1 and http/1.0"},
		&cli.StringSliceFlag{Name: "allow", Usage: "lead clients only where a `RULE` says; may be given several times"},
		&cli.StringSliceFlag{Name: "deny", Usage: "do not lead them where a `RULE` says, whatever --allow does"},
		&cli.BoolFlag{Name: "allow-private", Usage: "lead them to private addresses, too"},
		&cli.StringFlag{Name: "users", Usage: "lead only those who are in `FILE`, as htpasswd -B makes it, and know their password"},
		&cli.StringFlag{Name: "grace", Value: "30s", Usage: "let requests in progress go on for `TIME` after a signal, or when an address is no longer listened on"},
		&cli.StringFlag{Name: "log", Value: "text", Usage: "write lines in the `FORM` text or json"},
		&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "write no line for a request, but for failures"},
	}
}

func passingFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "health", Usage: "ask upstreams for `PATH[,INTERVAL]`; those that do not answer, or with 400 or more, are left out (interval: 5s)"},
		&cli.StringFlag{Name: "host", Usage: "ask upstreams for `HOST`, else for what the client has asked for"},
		&cli.StringFlag{Name: "upstream-ca", Usage: "trust the authorities in the PEM file `FILE` for upstreams of https, in place of the system's"},
		&cli.StringFlag{Name: "forwarded", Value: "x", Usage: "tell upstreams of the client: `WHAT` is none, x (X-Forwarded-*), rfc7239 (Forwarded) or both"},
		&cli.BoolFlag{Name: "trust-forwarded", Usage: "believe what clients say in these fields, for they are proxies"},
		&cli.StringSliceFlag{Name: "upgrade", Value: []string{"websocket"}, Usage: "let clients change to `PROTOCOL`, none for no other; may be given several times"},
		&cli.StringFlag{Name: "proxy-protocol-out", Usage: "begin connections to upstreams with a header of the PROXY protocol, `VERSION` v1, v2 or none"},
		&cli.StringFlag{Name: "timeout", Value: "1m0s", Usage: "wait for a response for `TIME`; 0 for ever"},
		&cli.StringFlag{Name: "tunnel-idle", Value: "15m0s", Usage: "close tunnels, WebSockets among them, on which nothing moves for `TIME`; 0 for never"},
		&cli.StringFlag{Name: "tunnel-time", Usage: "close tunnels after `TIME`"},
		&cli.StringFlag{Name: "tunnel-bytes", Usage: "close tunnels after `SIZE`, as 10GiB"},
	}
}

func runProxy(ctx context.Context, cmd *cli.Command) error {
	if cmd.NArg() > 0 {
		return usagef(cmd, "paf proxy takes options alone, not %q; upstreams are named by --to", cmd.Args().First())
	}
	load := func() (*proxying.Config, error) { return proxyConfig(cmd) }
	if file := cmd.String("config"); cmd.IsSet("config") {
		for _, f := range cmd.Flags {
			if name := f.Names()[0]; name != "config" && cmd.IsSet(name) {
				return usagef(cmd, "with --config there is no --%s: the file says it", name)
			}
		}
		load = func() (*proxying.Config, error) { return proxying.ReadFile(file) }
	} else if _, err := load(); err != nil {
		return err
	}
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	return proxying.Run(ctx, proxying.Options{Load: load, Reload: hangups, Out: cmd.Root().Writer, Err: cmd.Root().ErrWriter})
}

// proxyConfig reads the command line.
func proxyConfig(cmd *cli.Command) (*proxying.Config, error) {
	c := proxying.Default()
	c.Listen, c.TLS, c.ALPN = cmd.StringSlice("listen"), cmd.Bool("tls"), cmd.String("alpn")
	c.Cert, c.Key = cmd.StringSlice("cert"), cmd.StringSlice("key")
	c.Log, c.Quiet = cmd.String("log"), cmd.Bool("quiet")
	c.Forward, c.AllowPrivate, c.Users = cmd.Bool("forward"), cmd.Bool("allow-private"), cmd.String("users")
	c.Host, c.UpstreamCA = cmd.String("host"), cmd.String("upstream-ca")
	c.TrustForwarded, c.Upgrade = cmd.Bool("trust-forwarded"), cmd.StringSlice("upgrade")
	for name, set := range map[string]func(string) error{
		"grace": c.Grace.Set, "health": c.Health.Set, "forwarded": c.Forwarded.Set, "proxy-protocol-out": c.ProxyProtocolOut.Set,
		"timeout": c.Timeout.Set, "tunnel-idle": c.TunnelIdle.Set, "tunnel-time": c.TunnelTime.Set, "tunnel-bytes": c.TunnelBytes.Set,
	} {
		if cmd.IsSet(name) {
			if err := set(cmd.String(name)); err != nil {
				return nil, usagef(cmd, "--%s: %v", name, err)
			}
		}
	}
	for name, add := range map[string]func(string) error{"to": c.To.Add, "allow": c.Allow.Add, "deny": c.Deny.Add} {
		for _, value := range cmd.StringSlice(name) {
			if err := add(value); err != nil {
				return nil, usagef(cmd, "--%s: %v", name, err)
			}
		}
	}
	return c, nil
}
