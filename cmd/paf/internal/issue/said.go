package issue

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strings"
	"unicode"

	"github.com/paf-go/paf/acme"
	"github.com/paf-go/paf/cmd/paf/internal/exit"
	"github.com/paf-go/paf/cmd/paf/internal/terminal"
	"golang.org/x/net/idna"
)

// Names reads names that are separated by commas, and returns them as certificates have them. Others no CA issues certificates for.
func Names(lists ...string) (names []string, err error) {
	for _, list := range lists {
		for said := range strings.SplitSeq(list, ",") {
			name, err := nameOf(said)
			if err != nil {
				return nil, err
			}
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names, nil
}

// nameOf reads one name: letters beyond ASCII are for people (RFC 5890), certificates have A-labels.
func nameOf(said string) (string, error) {
	name := strings.ToLower(strings.TrimSuffix(strings.TrimSpace(said), "."))
	if address, err := netip.ParseAddr(name); err == nil && address.Zone() == "" {
		return address.Unmap().String(), nil
	}
	base, wild := strings.CutPrefix(name, "*.")
	if base == "" || strings.ContainsAny(base, "/@*[]:% ") {
		return "", fmt.Errorf("%q is no name of a host: as example.org, *.example.org or 192.0.2.1, without scheme and port", said)
	}
	if strings.ContainsFunc(base, func(r rune) bool { return r > unicode.MaxASCII }) {
		label, err := idna.Lookup.ToASCII(base)
		if err != nil {
			return "", fmt.Errorf("%q is no name of a host: %w", said, err)
		}
		base = label
	}
	if wild {
		return "*." + base, nil
	}
	return base, nil
}

// Provable says which of the names cannot be proved without a Hook. It is about getting certificates, not about having them.
func (o *Options) Provable(names []string) error {
	for _, name := range names {
		if strings.HasPrefix(name, "*.") && o.Hook == nil {
			return fmt.Errorf("%s: a wildcard is proved by dns-01 alone (RFC 8555, Section 7.1.3): give --dns-hook", name)
		}
	}
	return nil
}

// Line returns what is said of a step. Why there is no certificate is told at the end, unless another CA is asked, and that one may have it.
func (o *Options) Line(s acme.Step) string {
	switch {
	case s.Kind == acme.Failed && s.Challenge != "":
		return fmt.Sprintf("%s: %s has failed, the next challenge is tried", cell(s.Name), s.Challenge)
	case s.Kind == acme.Failed && len(o.CAs) > 0 && s.CA != o.CAs[len(o.CAs)-1].URL():
		return fmt.Sprintf("%s: no certificate was issued by %s: %s", cell(s.Name), s.CA, terminal.Visible(told{s.Err}.Error()))
	case s.Kind == acme.Failed:
		return cell(s.Name) + ": no certificate was issued" // there may be one still
	}
	return terminal.Visible(s.String())
}

// options are what advice of package acme is in terms of the command line.
var options = strings.NewReplacer(
	"set Config.AgreeToTerms", "give --acme-agree",
	"and one has to be named", "and --storage has to name one",
	"set Config.DNS, and have DNS01 in Challenges", "give --dns-hook",
	", and may be set by DNS.Zone", " (name a server that has the record with --dns-resolver, or do not wait for one: --dns-wait 0)",
	", and may be set by DNS.Resolvers", " (name one with --dns-resolver, or do not wait for one: --dns-wait 0)",
	"solving challenges: presenting for challenge: ", "", "solving challenges: waiting for solver *acme.waiter to be ready: ", "", // of what package acme is made of
	"served by the DNS provider that is set", "in the zone that the program of --dns-hook writes to",
	"the provider of DNS did not", "--dns-hook did not",
	"use HTTP01 or TLSALPN01", "give --acme-http or --acme-tls",
	"try another KeyType", "try another --key-type",
	"The CA does not take the Email", "The CA does not take what --acme-email says",
	"set CA.Roots", "give --acme-ca-root",
	"with LetsEncryptStaging", "with --acme-dir staging",
	", or have a second CA in CAs", ", or have --acme-dir name a second CA, too",
	"set CA.KeyID and CA.MACKey to what it has given you", "give --eab-kid and --eab-hmac-file as it has given them to you",
	"acme: ", "",
)

// A told error has the words of the command line.
type told struct{ error }

// Error says what has failed, where, and what to try.
func (t told) Error() string { return options.Replace(t.error.Error()) }

// Unwrap returns what package acme has said.
func (t told) Unwrap() error { return t.error }

// Explain returns an error of package acme as users understand it, with an exit status.
func Explain(err error) error {
	if err == nil {
		return nil
	}
	return &exit.Error{Code: code(err), Err: told{err}}
}

func code(err error) exit.Code {
	var e *acme.Error
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var dns *net.DNSError
	var op *net.OpError
	var known *exit.Error
	switch {
	case errors.As(err, &known): // of a Hook
		return known.Code
	case errors.Is(err, acme.ErrTerms):
		return exit.Usage
	case errors.Is(err, acme.ErrTooOften):
		return exit.TooOften
	case !errors.As(err, &e):
		return exit.CodeOf(err)
	case e.Challenge != "":
		return exit.Challenge
	case e.Problem.Type != "":
		return exit.Status
	case errors.As(err, &unknown), errors.As(err, &host):
		return exit.Certificate
	case errors.As(err, &dns):
		return exit.Resolve
	case errors.As(err, &op):
		return exit.Connect
	case errors.Is(err, context.DeadlineExceeded):
		return exit.Timeout
	}
	return exit.Failure
}

// ended returns why a command was ended, if it was, else what has failed.
func ended(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return Explain(err)
}

// Warnings returns a logger that passes on warnings and worse, in the words of the command line: what goes well is told in steps.
func Warnings(l *slog.Logger) *slog.Logger { return slog.New(warnings{l.Handler()}) }

type warnings struct{ slog.Handler }

// Enabled implements slog.Handler.
func (w warnings) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && w.Handler.Enabled(ctx, l)
}

// Handle implements slog.Handler. What users can do about an error is in it.
func (w warnings) Handle(ctx context.Context, r slog.Record) error {
	own := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
	r.Attrs(func(a slog.Attr) bool {
		if err, is := a.Value.Any().(error); is {
			a.Value = slog.StringValue(strings.ReplaceAll(told{err}.Error(), "\n", " "))
		}
		own.AddAttrs(a)
		return true
	})
	return w.Handler.Handle(ctx, own)
}

// WithAttrs implements slog.Handler.
func (w warnings) WithAttrs(as []slog.Attr) slog.Handler { return warnings{w.Handler.WithAttrs(as)} }

// WithGroup implements slog.Handler.
func (w warnings) WithGroup(name string) slog.Handler { return warnings{w.Handler.WithGroup(name)} }
