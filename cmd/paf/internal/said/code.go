package said

import (
	"context"
	"crypto/tls"
	"errors"
	"io/fs"
	"net"
	"os"
	"syscall"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/cmd/paf/internal/exit"
	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/loop"
)

// Code returns the exit status of a request that has failed. It looks at the error from the particular to the general.
func Code(err error) exit.Code {
	var (
		url     *paf.URLError
		name    *net.DNSError
		timeout interface{ Timeout() bool }
	)
	switch {
	case errors.Is(err, paf.ErrRedirects):
		return exit.Redirects
	case errors.As(err, &url):
		return exit.URL
	case errors.As(err, &name) && !name.IsTimeout:
		return exit.Resolve
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded),
		errors.As(err, &timeout) && timeout.Timeout():
		return exit.Timeout
	case tlsCode(err) != exit.OK:
		return tlsCode(err)
	case unconnected(err):
		return exit.Connect
	}
	return protocolCode(err)
}

// unconnected reports whether a flow could not be opened.
func unconnected(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial" ||
		errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, fs.ErrNotExist)
}

func tlsCode(err error) exit.Code {
	var (
		untrusted *tls.CertificateVerificationError
		alert     tls.AlertError
		record    tls.RecordHeaderError
	)
	switch {
	case errors.As(err, &untrusted):
		return exit.Certificate
	case errors.As(err, &alert), errors.As(err, &record):
		return exit.TLS
	}
	return exit.OK
}

// protocolCode tells the failures of an open connection apart.
func protocolCode(err error) exit.Code {
	var (
		broken *engine.Error
		gone   *loop.GoneError
	)
	switch {
	case errors.Is(err, &engine.Error{Rule: engine.RuleNoResponse}):
		return exit.Empty
	case errors.Is(err, &engine.Error{Rule: engine.RuleTruncated}):
		return exit.Receive
	case errors.As(err, &broken) && broken.Blame == engine.Peer:
		return exit.Protocol
	case errors.As(err, &gone) && gone.Op == "write":
		return exit.Send
	case errors.Is(err, paf.ErrPeerGone):
		return exit.Receive
	}
	return exit.Failure
}
