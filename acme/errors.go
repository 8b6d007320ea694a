package acme

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	protocol "github.com/mholt/acmez/v3/acme"
)

var (
	// ErrClosed: the Manager was closed.
	ErrClosed = errors.New("acme: the Manager is closed")

	// ErrTerms: the CA has terms of service, and Config.AgreeToTerms is not set.
	ErrTerms = errors.New("the CA has terms of service that nobody has agreed to")

	// ErrTooOften: the CA says that it was asked too often. Error.RetryAfter says when it may be asked again.
	ErrTooOften = errors.New("the CA was asked too often")

	// ErrCertificate: the CA has issued something else than what was ordered, or something that has ended. It is not used.
	ErrCertificate = errors.New("the CA has not issued what was ordered")
)

// An Error says why a CA has not done what was asked of it, and what to try.
type Error struct {
	Name      string    // for which the certificate was wanted; "" if it is about the account
	CA        string    // the URL of its directory
	Challenge Challenge // the one that failed; "" if none did
	Address   string    // where the CA looked for it

	Problem    Problem   // what the CA has said; the zero Problem if it was not that
	RetryAfter time.Time // when the CA may be asked again, if it has said so; else zero
	Advice     string    // what to try, in whole sentences
	Err        error     // the cause
}

// A Problem is a CA's account of a failure (RFC 8555, Section 6.7).
type Problem struct {
	Type   string // as "connection"; the CA's URI if it is none of ACME's
	Status int    // of the response, or what the CA would have answered with; 0 if it has not said
	Detail string // in the CA's words, those of subproblems included
}

// Error says what has failed, where, what the CA has seen, and what to try.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("acme: ")
	if e.Name != "" {
		b.WriteString(e.Name + ": ")
	}
	switch {
	case e.Challenge != "":
		fmt.Fprintf(&b, "the challenge %s has failed at %s", e.Challenge, e.Address)
	case e.Name != "":
		b.WriteString("there is no certificate")
	default:
		b.WriteString("there is no account")
	}
	if e.Problem.Type != "" || e.Problem.Detail != "" {
		fmt.Fprintf(&b, ": the CA %s says: %s (%s)", e.CA, strings.TrimSuffix(e.Problem.Detail, "."), e.Problem.Type)
	} else if e.Err != nil {
		fmt.Fprintf(&b, ", from the CA %s: %v", e.CA, e.Err)
	}
	if e.Advice != "" {
		b.WriteString(". " + e.Advice)
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// explain makes an Error of what has gone wrong, of a challenge or, without one, of something else.
func (i *issuer) explain(err error, name string, ch Challenge) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	e = &Error{Name: name, CA: i.ca.URL, Err: err}
	if p, is := problemIn(err); is {
		e.Problem = problemOf(p)
		if authz, ok := p.Resource.(protocol.Authorization); ok && ch != "" {
			e.Challenge, e.Address = ch, ch.at(name, tokenOf(authz, ch))
		}
	}
	e.Advice = e.advise()
	return e
}

// problemIn returns what the CA has said, in its answer or within an order (RFC 8555, Section 7.1.3), of which acmez has a pointer that may be nil.
func problemIn(err error) (p protocol.Problem, is bool) {
	if errors.As(err, &p) {
		return p, true
	}
	var within *protocol.Problem
	if errors.As(err, &within) && within != nil {
		return *within, true
	}
	return p, false
}

func tokenOf(authz protocol.Authorization, ch Challenge) string {
	for _, c := range authz.Challenges {
		if Challenge(c.Type) == ch {
			return c.Token
		}
	}
	return "…"
}

func problemOf(p protocol.Problem) Problem {
	all := []string{p.Detail}
	for _, sub := range p.Subproblems {
		all = append(all, sub.Detail)
	}
	return Problem{Type: strings.TrimPrefix(p.Type, protocol.ProblemTypeNamespace), Status: p.Status, Detail: strings.Join(all, "; ")}
}

// advise says what to try.
func (e *Error) advise() string {
	if e.Problem == (Problem{}) {
		return adviceWithoutProblem(e.Err)
	}
	base := strings.TrimPrefix(e.Name, "*.")
	switch e.Problem.Type {
	case "caa":
		return "A CAA record of " + base + " or of a domain above it does not allow this CA: add the CA to it, or ask another."
	case "rateLimited":
		return "Wait, and do not ask again before: until it works, try with LetsEncryptStaging."
	case "rejectedIdentifier", "unsupportedIdentifier":
		return "This CA does not issue certificates for that name, whoever asks. Is it spelled right, and a name of the public DNS?"
	case "externalAccountRequired":
		return "This CA wants an account that you have with it already: set CA.KeyID and CA.MACKey to what it has given you."
	case "userActionRequired":
		return "The CA's terms have changed, and it wants them read: see what it says above."
	case "badCSR", "badPublicKey", "badSignatureAlgorithm":
		return "The CA does not take such keys: try another KeyType."
	case "invalidContact", "unsupportedContact":
		return "The CA does not take the Email."
	case "serverInternal":
		return "That is the CA's own fault: try again later, or have a second CA in CAs."
	}
	return e.adviseChallenge(base)
}

// adviseChallenge says what to try when the CA has not seen what it was to see.
func (e *Error) adviseChallenge(base string) string {
	machine := "Look at the A and AAAA records of " + base + ": each must be an address of this machine"
	switch kind := e.Problem.Type; {
	case e.Challenge == DNS01:
		return "Is " + base + " served by the DNS provider that is set, and has the record reached all of its servers? A CA may also see an older one from its cache."
	case e.Challenge == "":
		return ""
	case kind == "dns":
		return "The CA found no address of " + base + " in the DNS: add an A or AAAA record with the address of this machine, and give it time to spread."
	case kind == "connection" && e.Challenge == HTTP01:
		return machine + ", and a firewall on the way must let port 80 through. The CA may prefer IPv6: an AAAA record that is wrong is enough."
	case kind == "connection" || kind == "tls":
		return machine + ", a firewall on the way must let port 443 through, and nothing on the way may end TLS."
	case e.Challenge == HTTP01:
		return "Somebody else has answered. " + machine + ", and a proxy in front must pass " + challengePath + " on unchanged."
	}
	return "Somebody else has answered, or nobody. " + machine + ", a firewall on the way must let port 443 through, and nothing on the way may end TLS: " +
		"with a proxy in front that does, use http-01 or dns-01."
}

func adviceWithoutProblem(err error) string {
	var u *unreached
	switch {
	case errors.Is(err, ErrTerms):
		return "Read them, and set Config.AgreeToTerms."
	case errors.Is(err, ErrCertificate):
		return "What was there before stays in use. Is the clock of this machine right? If it is, that is the CA's fault: tell it, or have a second CA in CAs."
	case errors.Is(err, ErrTooOften):
		return "Wait, and do not ask again before: until it works, try with LetsEncryptStaging."
	case errors.As(err, &u) && u.advice() != "":
		return u.advice()
	case errors.Is(err, context.DeadlineExceeded):
		return "There was not enough time."
	}
	return ""
}

func (u *unreached) advice() string {
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var dns *net.DNSError
	var op *net.OpError
	switch {
	case errors.As(u.err, &unknown), errors.As(u.err, &host):
		return "The certificate of the CA's own server is not trusted: set CA.Roots if it is a CA of your own."
	case errors.As(u.err, &dns):
		return "The CA's server was not found: is the URL of its directory right, and does the DNS work here?"
	case errors.As(u.err, &op):
		return "The CA's server was not reached: is the URL of its directory right, and may this machine open connections to it?"
	}
	return ""
}
