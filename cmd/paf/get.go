package main

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/cmd/paf/internal/fetch"
	"github.com/paf-go/paf/vsock"
	"github.com/urfave/cli/v3"
)

func getCommand() *cli.Command {
	return &cli.Command{
		Name:      "get",
		Usage:     "send a request and print the response",
		UsageText: "paf get [options] URL",
		Description: `The content of the response goes to standard output, or to the file of -o, as
it arrives; a progress bar shows on a terminal when that takes long. A URL
without a scheme is one of http. A user and a password in it are sent as Basic
credentials, which a redirect does not carry to another origin. A URL of
http+unix or https+unix has the path of a Unix socket for its host, with %2F for
each slash, and %40 for the "@" that begins an abstract name.

Examples:
  paf get http://127.0.0.1:8080/
  paf get -v -H 'x-length: 100' localhost:8080/random
  paf get -d name=value -d @more.txt http://127.0.0.1:8080/transmit
  tar c . | paf get -X PUT -d @- -H 'content-type: application/x-tar' URL
  paf get -o big.iso http://127.0.0.1:8080/big.iso
  paf get --unix /run/paf.sock http://localhost/
  paf get http+unix://%2Frun%2Fpaf.sock/path
  paf get --vsock 3:1024 http://machine/

Exit status (as curl's, where it has one):
    0  a response came, whatever its status (but see --fail)
    1  another failure             28  time is up
    2  wrong command line          35  the TLS handshake failed
    3  the URL cannot be used      47  too many redirects
    6  the host has no address     52  the server closed without a response
    7  nothing accepts there       55  sending failed
    8  the protocol was broken     56  receiving failed
   18  the content broke off       60  the certificate is not to be trusted
   22  --fail and status >= 400   130  interrupted
   23  the output failed          143  terminated
   26  the input failed`,
		Flags:  getFlags(),
		Action: runGet,
	}
}

func getFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "method", Aliases: []string{"X", "request"}, Usage: "use `METHOD`; else GET, or POST with -d"},
		&cli.StringSliceFlag{Name: "header", Aliases: []string{"H"},
			Usage: "send the field `FIELD`, as \"Name: value\"; \"Name:\" leaves one out that would be sent"},
		&cli.StringSliceFlag{Name: "data", Aliases: []string{"d"},
			Usage: "send `DATA` as content: text, @FILE, or @- for standard input; several are joined by \"&\""},
		&cli.StringSliceFlag{Name: "json", Usage: "send `DATA` as JSON, like -d but for the content type, and accept JSON"},
		&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write the content to `FILE`"},
		&cli.BoolFlag{Name: "remote-name", Aliases: []string{"O"}, Usage: "write the content to a file named like the end of the URL's path"},
		&cli.BoolFlag{Name: "include", Aliases: []string{"i"}, Usage: "print the response's head before the content, to standard output"},
		&cli.BoolFlag{Name: "verbose", Aliases: []string{"v"}, Usage: "print all heads and trailers to standard error"},
		&cli.BoolFlag{Name: "fail", Aliases: []string{"f"}, Usage: "take a status of 400 or more for a failure and print no content"},
		&cli.BoolFlag{Name: "silent", Aliases: []string{"s"}, Usage: "show no progress"},
		&cli.BoolFlag{Name: "http1", Aliases: []string{"http1.1"}, Usage: "speak HTTP/1.1 only"},
		&cli.BoolFlag{Name: "http2", Usage: "speak HTTP/2 where TLS agrees on it, else HTTP/1.1: what is done without an option too"},
		&cli.BoolFlag{Name: "http2-prior-knowledge", Usage: "speak HTTP/2 only, in clear too"},
		&cli.BoolFlag{Name: "insecure", Aliases: []string{"k"}, Usage: "take any certificate: whoever is in between can read and change everything"},
		&cli.StringFlag{Name: "cacert", Usage: "trust the authorities in the PEM file `FILE`, in place of the system's"},
		&cli.StringFlag{Name: "unix", Usage: "connect to the Unix socket at `PATH`, or @NAME, whatever the URL's host"},
		&cli.StringFlag{Name: "vsock", Usage: "connect to the machine or host at `CID:PORT`, whatever the URL's host (Linux)"},
		&cli.IntFlag{Name: "max-redirects", Value: 10, Usage: "follow at most `N` redirects"},
		&cli.BoolFlag{Name: "no-redirects", Usage: "follow none: a redirect is the response"},
		&cli.StringFlag{Name: "timeout", Aliases: []string{"max-time"}, Usage: "give up after `TIME`: seconds, or as 1m30s; 0 for never"},
	}
}

func runGet(ctx context.Context, cmd *cli.Command) error {
	o, err := getOptions(cmd)
	if err != nil {
		return err
	}
	if cmd.Bool("remote-name") {
		if o.Output, err = fetch.RemoteName(o.URL); err != nil {
			return err
		}
	}
	return fetch.Run(ctx, o)
}

// seconds reads a time that is not negative: a number of seconds, as curl takes it, or one with units. None is 0.
func seconds(text string) (time.Duration, bool) {
	if text == "" {
		return 0, true
	}
	if n, err := strconv.ParseFloat(text, 64); err == nil {
		return time.Duration(n * float64(time.Second)), n >= 0 && n < 1e9
	}
	d, err := time.ParseDuration(text)
	return d, err == nil && d >= 0
}

// timeOf reads an option that is a time.
func timeOf(cmd *cli.Command, name string) (time.Duration, error) {
	d, ok := seconds(cmd.String(name))
	if !ok {
		return 0, usagef(cmd, "the option \"--%s\" takes a time (as 90, 1.5, 200ms or 2m), not %q", name, cmd.String(name))
	}
	return d, nil
}

// getOptions reads the command line.
func getOptions(cmd *cli.Command) (o fetch.Options, err error) {
	switch {
	case cmd.NArg() == 0, cmd.NArg() == 1 && cmd.Args().First() == "":
		return o, usagef(cmd, "the URL is missing")
	case cmd.NArg() > 1:
		return o, usagef(cmd, "one URL can be fetched, not %d: %q", cmd.NArg(), cmd.Args().Slice())
	case cmd.IsSet("data") && cmd.IsSet("json"):
		return o, usagef(cmd, "either --data or --json, not both")
	case cmd.IsSet("output") && cmd.Bool("remote-name"):
		return o, usagef(cmd, "either --output or --remote-name, not both")
	case cmd.IsSet("max-redirects") && cmd.Bool("no-redirects"):
		return o, usagef(cmd, "either --max-redirects or --no-redirects, not both")
	case count(cmd, "http1", "http2", "http2-prior-knowledge") > 1:
		return o, usagef(cmd, "one of --http1, --http2 and --http2-prior-knowledge, not several")
	case cmd.IsSet("unix") && cmd.IsSet("vsock"):
		return o, usagef(cmd, "either --unix or --vsock, not both")
	case cmd.Bool("insecure") && cmd.IsSet("cacert"):
		return o, usagef(cmd, "either --insecure or --cacert, not both")
	case cmd.IsSet("unix") && ofSocket(cmd.Args().First()):
		return o, usagef(cmd, "either --unix or a URL that names a socket, not both")
	case cmd.Int("max-redirects") < 0:
		return o, usagef(cmd, "--max-redirects %d is negative; --no-redirects follows none", cmd.Int("max-redirects"))
	}
	timeout, err := timeOf(cmd, "timeout")
	if err != nil {
		return o, err
	}
	o = fetch.Options{
		URL:          cmd.Args().First(),
		Method:       cmd.String("method"),
		Fields:       cmd.StringSlice("header"),
		Data:         append(cmd.StringSlice("data"), cmd.StringSlice("json")...),
		JSON:         cmd.IsSet("json"),
		Unix:         cmd.String("unix"),
		Insecure:     cmd.Bool("insecure"),
		CACert:       cmd.String("cacert"),
		MaxRedirects: cmd.Int("max-redirects"),
		Timeout:      timeout,
		Fail:         cmd.Bool("fail"),
		Output:       cmd.String("output"),
		Head:         cmd.Bool("include"),
		Trace:        cmd.Bool("verbose"),
		Silent:       cmd.Bool("silent"),
		Stdin:        cmd.Root().Reader,
		Stdout:       cmd.Root().Writer,
		Stderr:       cmd.Root().ErrWriter,
	}
	if cmd.IsSet("vsock") {
		addr, err := vsock.ParseAddr(cmd.String("vsock"))
		if err != nil || addr.CID == vsock.Any {
			return o, usagef(cmd, "the option \"--vsock\" takes CID:PORT (as 3:1024), not %q", cmd.String("vsock"))
		}
		o.Vsock = &addr
	}
	switch {
	case cmd.Bool("http1"):
		o.Protocol = paf.HTTP11
	case cmd.Bool("http2-prior-knowledge"):
		o.Protocol = paf.HTTP2
	}
	if cmd.Bool("no-redirects") || o.MaxRedirects == 0 {
		o.MaxRedirects = -1 // zero would mean the library's default
	}
	return o, nil
}

// ofSocket reports whether a URL names the socket that it is for.
func ofSocket(url string) bool {
	scheme, _, _ := strings.Cut(url, "://")
	return strings.HasSuffix(strings.ToLower(scheme), "+unix")
}

// count returns how many of some flags are set.
func count(cmd *cli.Command, names ...string) (n int) {
	for _, name := range names {
		if cmd.Bool(name) {
			n++
		}
	}
	return n
}
