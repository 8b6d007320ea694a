// Package said tells whoever has typed a command what has become of a request: by an exit status, and in words.
package said

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/cmd/paf/internal/exit"
	"github.com/paf-go/paf/mimic"
)

// A said error is one in words for whoever has typed the command: of the way to a flow it tells where it ended.
type said struct {
	text string
	err  error
}

func (s *said) Error() string { return s.text }
func (s *said) Unwrap() error { return s.err }

// InWords returns err in words of the command, with what may be done about it, if there are any for it.
func InWords(err error) error {
	var untrusted *tls.CertificateVerificationError
	var op *net.OpError
	var name *net.DNSError
	text := ""
	switch code := Code(err); {
	case code == exit.Certificate && errors.As(err, &untrusted):
		text = fmt.Sprintf("the server's certificate is not to be trusted: %v; --cacert FILE trusts an authority, -k takes any certificate", untrusted.Err)
	case code == exit.Resolve && errors.As(err, &name):
		text = fmt.Sprintf("cannot find the host %q: %s", name.Name, name.Err)
	case (code == exit.Connect || code == exit.Timeout) && errors.As(err, &op) && op.Op == "dial" && op.Addr != nil && ends(err):
		text = fmt.Sprintf("cannot connect to %v: %s", op.Addr, why(op))
	case code == exit.TLS && errors.As(err, new(tls.RecordHeaderError)):
		text = "the TLS handshake failed: the server seems to speak without TLS, as for http:// URLs"
	case code == exit.TLS && ends(err):
		text = "the TLS handshake failed: " + strings.TrimPrefix(innermost(err).Error(), "tls: ")
	default:
		return err
	}
	return &said{text, err}
}

// why returns why nothing could be connected to.
func why(op *net.OpError) string {
	err := op.Err
	if system, is := err.(*os.SyscallError); is {
		err = system.Err
	}
	if errors.Is(err, syscall.ECONNREFUSED) {
		return err.Error() + "; is the server running?"
	}
	return err.Error()
}

// ends reports whether there was one way to a flow that was tried, and nothing is left out when its end is told.
func ends(err error) bool {
	var all *mimic.ResolveError
	return !errors.As(err, &all) || len(connecting(all)) == 1
}

// connecting returns what has come of the endpoints that were tried.
func connecting(e *mimic.ResolveError) (tried []error) {
	for _, cause := range e.Causes {
		if of, is := cause.(*mimic.KeyError); is && of.Op == mimic.Connecting {
			tried = append(tried, of.Err)
		}
	}
	return tried
}

// innermost returns the error in which a chain of single ones ends; what says that a handshake has failed is passed by.
func innermost(err error) error {
	for {
		var next error
		switch e := err.(type) {
		case *mimic.ResolveError:
			next = connecting(e)[0]
		case interface{ Unwrap() []error }:
			for _, of := range e.Unwrap() {
				if of != paf.ErrHandshake {
					next = of
				}
			}
		case interface{ Unwrap() error }:
			next = e.Unwrap()
		}
		if next == nil {
			return err
		}
		err = next
	}
}
