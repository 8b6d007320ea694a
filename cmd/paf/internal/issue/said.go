package issue

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/paf-go/paf/acme"
	"github.com/paf-go/paf/cmd/paf/internal/exit"
	"github.com/paf-go/paf/cmd/paf/internal/terminal"
)

// Names reads names that are separated by commas. No CA issues certificates for others.
func Names(lists ...string) (names []string, err error) {
	for _, list := range lists {
		for name := range strings.SplitSeq(list, ",") {
			name = strings.TrimSpace(name)
			_, notIP := netip.ParseAddr(name)
			switch {
			case strings.HasPrefix(name, "*."):
				return nil, fmt.Errorf("%s: a wildcard is proved by dns-01 alone, for which a program has to know your DNS: package acme does that", name)
			case name == "" || notIP != nil && strings.ContainsAny(name, "/@*[]: "):
				return nil, fmt.Errorf("%q is no name of a host: as example.org or 192.0.2.1, without scheme and port", name)
			}
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names, nil
}

// Line returns what is said of a step; "" for one whose failure is told at the end.
func Line(s acme.Step) string {
	switch {
	case s.Kind == acme.Failed && s.Challenge != "":
		return fmt.Sprintf("%s: %s has failed, the next challenge is tried", cell(s.Name), s.Challenge)
	case s.Kind == acme.Failed:
		return cell(s.Name) + ": there is no certificate"
	}
	return terminal.Visible(s.String())
}

// options are what advice of package acme is in terms of the command line.
var options = strings.NewReplacer(
	"set Config.AgreeToTerms", "give --acme-agree",
	"and one has to be named", "and --storage has to name one",
	"set CA.Roots", "give --acme-ca-root",
	"with LetsEncryptStaging", "with --acme-dir staging",
	", or have a second CA in CAs", ", or ask another with --acme-dir",
	"set CA.KeyID and CA.MACKey to what it has given you", "only a program with package acme can name it",
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
	switch {
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

// missing fails if a name has no certificate of a CA, and says of which it has one.
func missing(ctx context.Context, storage acme.Storage, name, directory string) error {
	all, err := acme.List(ctx, storage)
	other := ""
	for _, h := range all {
		switch {
		case len(h.Names) == 0 || !strings.EqualFold(h.Names[0], name):
		case h.IsOf(directory):
			return nil
		default:
			other = h.CA
		}
	}
	switch {
	case err != nil:
		return err
	case other != "":
		return exit.Errorf(exit.Failure, "%s has no certificate of the CA %s in the storage; it has one of %s: name that CA with --acme-dir", name, directory, other)
	}
	return exit.Errorf(exit.Failure, "%s has no certificate of the CA %s in the storage; \"paf cert list\" shows what there is, and \"paf cert obtain\" gets one", name, directory)
}
