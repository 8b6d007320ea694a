package main

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/paf-go/paf/cmd/paf/internal/exit"
	"github.com/paf-go/paf/cmd/paf/internal/load"
	"github.com/paf-go/paf/cmd/paf/internal/load/record"
	"github.com/paf-go/paf/cmd/paf/internal/load/report"
	"github.com/urfave/cli/v3"
)

// This file is what the flags of load mean.

// unlike says which options do not go together.
func unlike(cmd *cli.Command) error {
	rate, socket := cmd.IsSet("rate"), ofWebSockets(cmd)
	switch {
	case cmd.NArg() == 0, cmd.NArg() == 1 && cmd.Args().First() == "":
		return usagef(cmd, "the URL is missing")
	case cmd.NArg() > 1:
		return usagef(cmd, "one URL can be loaded, not %d: %q; --from takes several requests", cmd.NArg(), cmd.Args().Slice())
	case count(cmd, "http1", "http2", "http2-prior-knowledge") > 1:
		return usagef(cmd, "one of --http1, --http2 and --http2-prior-knowledge, not several")
	case given(cmd, "unix", "vsock", "tap") > 1:
		return usagef(cmd, "one of --unix, --vsock and --tap, not several")
	case cmd.IsSet("unix") && ofSocket(cmd.Args().First()):
		return usagef(cmd, "either --unix or a URL that names a socket, not both")
	case cmd.Bool("insecure") && cmd.IsSet("cacert"):
		return usagef(cmd, "either --insecure or --cacert, not both")
	case cmd.IsSet("cert") != cmd.IsSet("key"):
		return usagef(cmd, "--cert and --key go together")
	case cmd.IsSet("from") && given(cmd, "data", "method") > 0:
		return usagef(cmd, "either --from or --data and --method, not both")
	case cmd.Bool("connect-only") && socket:
		return usagef(cmd, "either --connect-only or WebSockets, not both")
	case cmd.Bool("connect-only") && given(cmd, "method", "header", "data", "from") > 0:
		return usagef(cmd, "--connect-only sends no request: --method, --header, --data and --from are for those")
	case socket && (cmd.Bool("http2") || cmd.Bool("http2-prior-knowledge") || cmd.IsSet("method") || cmd.IsSet("from")):
		return usagef(cmd, "WebSockets (--websocket, ws:// or wss://) are for HTTP/1.1, and neither for --method nor --from")
	case (socket || cmd.Bool("connect-only")) && (cmd.Int("streams") > 1 || cmd.Int("pipeline") > 1):
		return usagef(cmd, "--streams and --pipeline are for requests")
	case cmd.Int("streams") > 1 && cmd.Bool("http1"):
		return usagef(cmd, "--streams is for HTTP/2; --pipeline is what HTTP/1.1 has")
	case cmd.Int("streams") > 1 && !cmd.Bool("http2-prior-knowledge") && !load.Secure(cmd.Args().First()):
		return usagef(cmd, "--streams is for HTTP/2, and in clear that is spoken with --http2-prior-knowledge only")
	case cmd.Int("pipeline") > 1 && (cmd.Bool("http2") || cmd.Bool("http2-prior-knowledge")):
		return usagef(cmd, "--pipeline is for HTTP/1.1; --streams is what HTTP/2 has")
	case cmd.Int("pipeline") > 1 && cmd.Int("streams") > 1:
		return usagef(cmd, "either --pipeline, which is for HTTP/1.1, or --streams, which is for HTTP/2, not both")
	case rate && cmd.IsSet("think"):
		return usagef(cmd, "either --rate or --think, not both")
	case cmd.IsSet("max-slower"):
		return usagef(cmd, "--max-slower is for --compare")
	case !rate && cmd.IsSet("arrivals"):
		return usagef(cmd, "--arrivals is for --rate")
	case cmd.String("arrivals") != "constant" && cmd.String("arrivals") != "poisson":
		return usagef(cmd, "the option \"--arrivals\" takes constant or poisson, not %q", cmd.String("arrivals"))
	}
	for _, name := range []string{"connections", "streams", "pipeline", "requests"} {
		if n := cmd.Int(name); cmd.IsSet(name) && (n < 1 || n > math.MaxInt32) {
			return usagef(cmd, "the option \"--%s\" takes a number from 1 on, not %d", name, n)
		}
	}
	return withoutTLS(cmd)
}

// ofWebSockets reports whether it is WebSockets that are opened.
func ofWebSockets(cmd *cli.Command) bool {
	return cmd.Bool("websocket") || load.Socket(cmd.Args().First())
}

// withoutTLS says which options are for TLS, if the server is one without it.
func withoutTLS(cmd *cli.Command) error {
	if load.Secure(cmd.Args().First()) {
		return nil
	}
	if cmd.Bool("http2") {
		return usagef(cmd, "--http2 is what TLS agrees on, and the URL is one without TLS: there --http2-prior-knowledge speaks HTTP/2")
	}
	for _, name := range []string{"insecure", "cacert", "cert", "key", "servername", "resume"} {
		if cmd.IsSet(name) {
			return usagef(cmd, "--%s is for TLS, and the URL is one without: those of https and wss are with TLS", name)
		}
	}
	return nil
}

// unasked says which options are for a run, and this command sends nothing.
func unasked(cmd *cli.Command, mode string, takes ...string) error {
	for _, flag := range cmd.Flags {
		if name := flag.Names()[0]; name != mode && cmd.IsSet(name) && !slices.Contains(takes, name) {
			return usagef(cmd, "--%s takes no --%s: it sends nothing, but reads files", mode, name)
		}
	}
	return nil
}

// given returns how many of some options are set.
func given(cmd *cli.Command, names ...string) (n int) {
	for _, name := range names {
		if cmd.IsSet(name) {
			n++
		}
	}
	return n
}

// otherSettings returns what was set of the options that a record has no field for, as it was given.
func otherSettings(cmd *cli.Command) map[string]string {
	set := map[string]string{}
	for _, name := range []string{"pipeline", "ramp", "warmup", "think", "timeout", "start-at", "from", "connect-only", "websocket", "insecure",
		"cacert", "servername", "resume", "unix", "vsock", "tap"} {
		if v := cmd.Value(name); cmd.IsSet(name) && v != false {
			set["--"+name] = fmt.Sprint(v)
		}
	}
	if ofWebSockets(cmd) {
		set["--websocket"] = "true" // the target of the record is an http:// URL
	}
	return set
}

// rateOf reads a number of requests a second; 0 is none.
func rateOf(cmd *cli.Command) (float64, error) {
	text := cmd.String("rate")
	if !cmd.IsSet("rate") {
		return 0, nil
	}
	n, err := strconv.ParseFloat(strings.TrimSuffix(text, "/s"), 64)
	if err != nil || !(n > 0 && n <= 1e9) {
		return 0, usagef(cmd, "the option \"--rate\" takes requests a second, more than 0 and at most 1,000,000,000 (as 500, 500/s or 0.1), not %q", text)
	}
	return n, nil
}

// startOf reads a time of the day, of today, or of any day; zero is none.
func startOf(cmd *cli.Command, now time.Time) (time.Time, error) {
	text := cmd.String("start-at")
	if text == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		var day time.Time
		day, err = time.ParseInLocation("15:04:05", text, now.Location())
		at = time.Date(now.Year(), now.Month(), now.Day(), day.Hour(), day.Minute(), day.Second(), day.Nanosecond(), now.Location())
	}
	if n, is := strconv.ParseInt(text, 10, 64); is == nil { // as date +%s prints it
		at, err = time.Unix(n, 0), nil
	}
	switch {
	case err != nil:
		return at, usagef(cmd, "the option \"--start-at\" takes a time as 2030-01-01T12:00:00Z, 12:00:00 or seconds since 1970, not %q", text)
	case at.Before(now):
		return at, usagef(cmd, "the time of \"--start-at\" is over: it is %s already", now.In(at.Location()).Format(time.RFC3339))
	}
	return at, nil
}

// bounds are what a run must keep to.
type bounds struct {
	p99    time.Duration // 0: none
	share  float64       // of errors, from 0 to 1; -1: none was stated
	number int64         // of errors; -1: none was stated
}

func boundsOf(cmd *cli.Command) (b bounds, err error) {
	b = bounds{share: -1, number: -1}
	if text := cmd.String("max-p99"); cmd.IsSet("max-p99") { // seconds, as for other options, would be taken for milliseconds
		if b.p99, err = time.ParseDuration(text); err != nil || b.p99 <= 0 {
			return b, usagef(cmd, "the option \"--max-p99\" takes a time of more than 0, and its unit (as 20ms), not %q", text)
		}
	}
	var ok bool
	text := cmd.String("max-errors")
	if text == "" {
		return b, nil
	}
	if share, is := strings.CutSuffix(text, "%"); is {
		b.share, err = strconv.ParseFloat(strings.TrimSpace(share), 64)
		b.share /= 100
		ok = err == nil && b.share >= 0 && b.share <= 1
	} else {
		b.number, err = strconv.ParseInt(text, 10, 64)
		ok = err == nil && b.number >= 0
	}
	if !ok {
		return b, usagef(cmd, "the option \"--max-errors\" takes a share or a number (as 0.1%% or 10), not %q", text)
	}
	return b, nil
}

// check says which bounds a run has broken. Requests that went wrong are an error if no bound was stated for them.
func (b *bounds) check(r *record.Run) error {
	refused := r.StatusCount(400, 999)
	wrong, all := r.FailedCount()+refused, r.FailedCount()+r.Answered()
	bound := ""
	switch {
	case b.share >= 0 && float64(wrong)/float64(max(1, all)) > b.share:
		bound = fmt.Sprintf(", more than --max-errors %.6g%%", b.share*100)
	case b.number >= 0 && wrong > b.number:
		bound = fmt.Sprintf(", more than --max-errors %d", b.number)
	case b.share >= 0 || b.number >= 0:
		wrong = 0
	}
	var broken []error
	if wrong > 0 {
		broken = append(broken, exit.Errorf(exit.Failure, "%s of %s requests went wrong%s: %s by a status of 400 or more, %s without a response",
			humanize.Comma(wrong), humanize.Comma(all), bound, humanize.Comma(refused), humanize.Comma(r.FailedCount())))
	}
	switch p99 := p99Of(r); {
	case all == 0:
		broken = append(broken, exit.Errorf(exit.Failure, "nothing was measured"))
	case b.p99 > 0 && r.Answered() == 0:
		broken = append(broken, exit.Errorf(exit.Failure, "nothing was answered, so nothing within --max-p99 %v", b.p99))
	case b.p99 > 0 && p99 > b.p99:
		broken = append(broken, exit.Errorf(exit.Failure, "one in a hundred took %s or longer, more than --max-p99 %v", report.Duration(p99), b.p99))
	}
	return errors.Join(broken...)
}

// p99Of returns what 99 of 100 requests took no longer than. Those that failed count, with the time until then: else a server that answers few of them,
// and those soon, would keep to any bound.
func p99Of(r *record.Run) time.Duration {
	all := r.Latency.Clone()
	all.Merge(r.Failed)
	return time.Duration(all.At(99))
}

// unmeasured gives the error of a run that could not begin its exit status.
func unmeasured(err error) error {
	codes := map[string]exit.Code{load.Connect: exit.Connect, load.TLS: exit.TLS, load.Timeout: exit.Timeout, load.Protocol: exit.Protocol}
	if code := codes[load.KindOf(err)]; code != exit.OK && exit.CodeOf(err) == exit.Failure {
		return exit.Errorf(code, "no connection could be opened: %w", err)
	}
	return err
}
