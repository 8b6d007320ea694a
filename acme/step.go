package acme

import (
	"fmt"
	"time"
)

// A Step is something that was done on the way to a certificate.
type Step struct {
	Kind StepKind
	CA   string // the URL of its directory

	Name      string    // for which a certificate is wanted; "" where it is about an account
	Challenge Challenge // of Presenting, and of Failed if it was that
	Address   string    // where the CA looks (Presenting)
	Until     time.Time // when the waiting ends (Waiting), or the certificate (Issued)
	Err       error     // why (Failed, Waiting)
}

// A StepKind says what was done.
type StepKind string

// The kinds of steps, in the order in which they come about.
const (
	Registering StepKind = "registering" // an account is made at the CA
	Ordering    StepKind = "ordering"    // a certificate is asked for
	Presenting  StepKind = "presenting"  // a proof is ready, and the CA will look
	Waiting     StepKind = "waiting"     // the CA was asked too often, and is asked again later
	Issued      StepKind = "issued"      // there is a certificate
	Failed      StepKind = "failed"      // there is none from this CA, or not by this challenge
	Revoked     StepKind = "revoked"     // a certificate was revoked
)

// String returns the step as a sentence.
func (s Step) String() string {
	switch s.Kind {
	case Registering:
		return "registering an account at " + s.CA
	case Ordering:
		return fmt.Sprintf("%s: ordering a certificate from %s", s.Name, s.CA)
	case Presenting:
		return fmt.Sprintf("%s: the CA looks at %s (%s)", s.Name, s.Address, s.Challenge)
	case Waiting:
		return fmt.Sprintf("%s: %s asks to wait until %s", s.Name, s.CA, s.Until.Format(time.DateTime))
	case Issued:
		return fmt.Sprintf("%s: the certificate is here, valid until %s", s.Name, s.Until.Format(time.DateTime))
	case Revoked:
		return fmt.Sprintf("%s: the certificate is revoked", s.Name)
	}
	return fmt.Sprintf("%s: %s: %v", s.Name, s.Kind, s.Err)
}
