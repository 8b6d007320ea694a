package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/cmd/paf/internal/exit"
	"github.com/paf-go/paf/cmd/paf/internal/load"
	"github.com/paf-go/paf/cmd/paf/internal/load/record"
	"github.com/paf-go/paf/mimic"
	"github.com/paf-go/paf/vsock"
	"github.com/urfave/cli/v3"
)

func loadCommand() *cli.Command {
	return &cli.Command{
		Name:      "load",
		Usage:     "find out how fast a server answers",
		UsageText: "paf load [options] URL\npaf load --merge [options] FILE...\npaf load --compare [options] FILE FILE",
		Description: `Requests are sent over -c connections, -m at the same time on each if that is
HTTP/2, for the time of -d or until -n are answered. What was measured is printed
at the end: how many a second, a histogram, percentiles, what failed and why.

Without --rate each request follows the response before it (a closed loop): a
server that stands still is asked nothing meanwhile, and nobody sees how long
others would have waited. With --rate requests are due whatever has become of the
others (an open loop), and latency counts from when a request was due.

Examples:
  paf load -c 100 -d 30s http://localhost:8080/
  paf load -c 8 -m 32 --http2 -d 30s https://localhost:8443/
  paf load --rate 5000 -d 1m --warmup 10s --html report.html http://localhost/
  paf load --rate 1000 -d 1m --max-p99 20ms --max-errors 0.1% http://localhost/
  paf load -n 1000 -X POST --data @order.json -H 'content-type: application/json' URL
  paf load --from requests.txt -c 20 -d 1m http://localhost/
  paf load --connect-only -c 50 -n 10000 https://localhost/
  paf load -c 100 -d 10s ws://localhost/websocket
  paf load --start-at 2030-01-01T12:00:00Z --json here.json ... on each machine, then
  paf load --merge here.json there.json --html report.html
  paf load --compare --max-slower 5% before.json after.json

A file of --from has a request a line, "[METHOD] TARGET [CONTENT]", where CONTENT
is text or @FILE, and comments, which begin with "#"; or it is a HAR, as browsers
save it, of which the requests for the server of URL are sent. URL then has no path.

Content is sent as application/x-www-form-urlencoded, as curl does it, unless -H
names another Content-Type. Redirects are not followed: they are what is answered.

Exit status:
    0  all was answered, within the bounds that were stated
    1  requests failed, or had a status of 400 or more (but see --max-errors);
       a bound is broken, that of --max-slower too; or another failure
    2  wrong command line          23  an output could not be written
    3  the URL cannot be used      26  a file could not be read
    7  nothing accepts there       28  no connection was opened in time
    8  the protocol is another     35  the TLS handshake failed
  130  interrupted: what was measured so far is reported`,
		Flags:  loadFlags(),
		Action: runLoad,
	}
}

func loadFlags() []cli.Flag {
	return []cli.Flag{
		&cli.IntFlag{Name: "connections", Aliases: []string{"c"}, Value: 50, Usage: "keep `N` connections"},
		&cli.IntFlag{Name: "streams", Aliases: []string{"m"}, Value: 1, Usage: "send `N` requests at the same time on each, over HTTP/2"},
		&cli.IntFlag{Name: "pipeline", Value: 1, Usage: "send `N` requests on each before the first is answered, over HTTP/1.1"},
		&cli.IntFlag{Name: "requests", Aliases: []string{"n"}, HideDefault: true, Usage: "end after `N` requests"},
		&cli.StringFlag{Name: "duration", Aliases: []string{"d"}, Usage: "end after `TIME`: seconds, or as 1m30s; 10s unless -n is there"},
		&cli.StringFlag{Name: "rate", Aliases: []string{"r"}, Usage: "`N` requests a second are due (as 500, 500/s or 0.1), whatever has become of the others: an open loop"},
		&cli.StringFlag{Name: "arrivals", Value: "constant", Usage: "with --rate, requests are due evenly, or at random as those of many users: `constant` or poisson"},
		&cli.StringFlag{Name: "ramp", Usage: "let the rate grow for `TIME`; without --rate, open the connections one after another in it"},
		&cli.StringFlag{Name: "warmup", Usage: "begin `TIME` before anything counts"},
		&cli.StringFlag{Name: "think", Usage: "wait `TIME` between a response and the next request in its place; without --rate"},
		&cli.StringFlag{Name: "timeout", Value: "30s", Usage: "a request has failed after `TIME`, and so has opening a connection"},
		&cli.StringFlag{Name: "start-at", Usage: "begin at `TIME`, as 2030-01-01T12:00:00Z or 12:00:00, together with other machines"},
		&cli.StringFlag{Name: "method", Aliases: []string{"X", "request"}, Usage: "use `METHOD`; else GET, or POST with --data"},
		&cli.StringSliceFlag{Name: "header", Aliases: []string{"H"},
			Usage: "send the field `FIELD`, as \"Name: value\"; \"Name:\" leaves one out that would be sent"},
		&cli.StringSliceFlag{Name: "data", Usage: "send `DATA` as content: text, @FILE, or @- for standard input; several are joined by \"&\""},
		&cli.StringFlag{Name: "from", Usage: "send the requests in `FILE`, - for standard input, one a line or a HAR, in turn"},
		&cli.BoolFlag{Name: "connect-only", Usage: "open connections and close them: what is measured is how long that takes"},
		&cli.BoolFlag{Name: "websocket", Usage: "open WebSockets, send a message (that of --data) and wait until it comes back; so for a URL of ws or wss"},
		&cli.BoolFlag{Name: "http1", Aliases: []string{"http1.1"}, Usage: "speak HTTP/1.1 only"},
		&cli.BoolFlag{Name: "http2", Usage: "speak HTTP/2 where TLS agrees on it, else HTTP/1.1: what is done without an option too"},
		&cli.BoolFlag{Name: "http2-prior-knowledge", Usage: "speak HTTP/2 only, in clear too"},
		&cli.BoolFlag{Name: "insecure", Aliases: []string{"k"}, Usage: "take any certificate"},
		&cli.StringFlag{Name: "cacert", Usage: "trust the authorities in the PEM file `FILE`, in place of the system's"},
		&cli.StringFlag{Name: "cert", Usage: "be known by the certificate in the PEM file `FILE`"},
		&cli.StringFlag{Name: "key", Usage: "its key, in the PEM file `FILE`"},
		&cli.StringFlag{Name: "servername", Usage: "ask for the certificate of `NAME`, in place of the URL's host"},
		&cli.BoolFlag{Name: "resume", Usage: "resume TLS sessions; else each handshake is a full one"},
		&cli.StringFlag{Name: "unix", Usage: "connect to the Unix socket at `PATH`, or @NAME, whatever the URL's host"},
		&cli.StringFlag{Name: "vsock", Usage: "connect to the machine or host at `CID:PORT`, whatever the URL's host (Linux)"},
		&cli.StringFlag{Name: "tap", Usage: "bring TCP/IP along, on the TAP device `NAME` (Linux)"},
		&cli.StringSliceFlag{Name: "addr", Usage: "with --tap, an address and its prefix, dhcp or slaac: `ADDR`; may be given several times"},
		&cli.StringSliceFlag{Name: "gw", Usage: "with --tap, the gateway `ADDR`; one of IPv4 and one of IPv6 may be given"},
		&cli.StringFlag{Name: "max-p99", Usage: "fail if one in a hundred takes longer than `TIME`, as 20ms, be it to fail, or if none is answered"},
		&cli.StringFlag{Name: "max-errors", Usage: "fail only if more than `SHARE` of the requests do, as 0.1% or a number of them"},
		&cli.StringFlag{Name: "max-slower", Usage: "with --compare, fail if a time, or the share of failures, is by more than `SHARE` (as 5%) larger in the second file, beyond noise"},
		&cli.StringFlag{Name: "json", Usage: "write all that was measured to `FILE`, - for standard output: for --merge, --compare and jq"},
		&cli.StringFlag{Name: "csv", Usage: "write what each second has seen to `FILE`, - for standard output"},
		&cli.StringFlag{Name: "hgrm", Usage: "write the latency as HdrHistogram's tools read it to `FILE`, - for standard output"},
		&cli.StringFlag{Name: "html", Usage: "write a report for browsers to `FILE`, - for standard output"},
		&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "show nothing while it runs"},
		&cli.BoolFlag{Name: "merge", Usage: "send nothing: add up what --json has written to several files"},
		&cli.BoolFlag{Name: "compare", Usage: "send nothing: say how what --json has written to two files differs, and whether that is noise"},
	}
}

func runLoad(ctx context.Context, cmd *cli.Command) error {
	bounds, err := boundsOf(cmd)
	switch {
	case err != nil:
		return err
	case cmd.Bool("merge") && cmd.Bool("compare"):
		return usagef(cmd, "either --merge or --compare, not both")
	case cmd.Bool("merge"):
		return mergeRuns(cmd, bounds)
	case cmd.Bool("compare"):
		return compareRuns(cmd)
	}
	o, err := loadOptions(cmd)
	if err != nil {
		return err
	}
	tap, err := tapOptions(cmd)
	if err != nil {
		return err
	}
	out, err := openOutputs(cmd)
	if err != nil {
		return err
	}
	defer out.close()
	if tap != nil {
		stack, err := tap.Open(ctx, slog.New(slog.NewTextHandler(cmd.Root().ErrWriter, nil)))
		if err != nil {
			return exit.Errorf(exit.Failure, "cannot use the device: %w", err)
		}
		defer stack.Close()
		o.Way, o.NoFiles = stack.Context(paf.Host, paf.Port), true
	}
	if !cmd.Bool("quiet") {
		o.Live = liveView(cmd.Root().ErrWriter)
	}
	run, err := load.Run(ctx, o)
	if run == nil {
		return unmeasured(err)
	}
	return errors.Join(err, out.writeRun(run), bounds.check(run))
}

// loadOptions reads the command line.
func loadOptions(cmd *cli.Command) (o load.Options, err error) {
	if err := unlike(cmd); err != nil {
		return o, err
	}
	o = load.Options{
		URL: cmd.Args().First(), Method: cmd.String("method"), Fields: cmd.StringSlice("header"), Data: cmd.StringSlice("data"), Requests: cmd.String("from"),
		Stdin: cmd.Root().Reader, Connections: cmd.Int("connections"), Streams: cmd.Int("streams"), Pipeline: cmd.Int("pipeline"), Number: int64(cmd.Int("requests")),
		Poisson: cmd.String("arrivals") == "poisson", ConnectOnly: cmd.Bool("connect-only"), WebSocket: ofWebSockets(cmd),
		TLS: load.TLSOptions{
			Insecure: cmd.Bool("insecure"), CACert: cmd.String("cacert"), ServerName: cmd.String("servername"),
			Cert: cmd.String("cert"), Key: cmd.String("key"), Resume: cmd.Bool("resume"),
		},
		Settings: record.Settings{Options: otherSettings(cmd)},
	}
	for name, to := range map[string]*time.Duration{
		"duration": &o.Duration, "ramp": &o.Ramp, "warmup": &o.Warmup, "think": &o.Think, "timeout": &o.Timeout,
	} {
		if *to, err = timeOf(cmd, name); err != nil {
			return o, err
		}
		if needed := name == "duration" || name == "timeout"; needed && cmd.IsSet(name) && *to == 0 {
			return o, usagef(cmd, "the option \"--%s\" takes a time of more than 0 (as 90, 1.5, 200ms or 2m), not %q", name, cmd.String(name))
		}
	}
	if o.Duration == 0 && o.Number == 0 {
		o.Duration = 10 * time.Second
	}
	if o.Duration > 0 && o.Ramp > o.Warmup+o.Duration {
		return o, usagef(cmd, "--ramp %v is longer than the run, which takes %v", o.Ramp, o.Warmup+o.Duration)
	}
	switch {
	case cmd.Bool("http1"), o.Pipeline > 1:
		o.Protocol = paf.HTTP11
	case cmd.Bool("http2-prior-knowledge"), o.Streams > 1:
		o.Protocol = paf.HTTP2
	}
	if cmd.IsSet("unix") {
		o.Way = mimic.Add(o.Way, paf.Unix, cmd.String("unix"))
	}
	if cmd.IsSet("vsock") {
		addr, err := vsock.ParseAddr(cmd.String("vsock"))
		if err != nil || addr.CID == vsock.Any {
			return o, usagef(cmd, "the option \"--vsock\" takes CID:PORT (as 3:1024), not %q", cmd.String("vsock"))
		}
		o.Way = mimic.Add(o.Way, vsock.Stream, addr)
	}
	if o.Rate, err = rateOf(cmd); err == nil {
		o.StartAt, err = startOf(cmd, time.Now())
	}
	return o, err
}
