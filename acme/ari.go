package acme

import (
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	protocol "github.com/mholt/acmez/v3/acme"
)

// What a CA may say about renewals (ARI, RFC 9773, Section 4.3.2), and what it is taken for where it says nothing.
const (
	ariLeast   = time.Minute
	ariDefault = 6 * time.Hour
	ariMost    = 24 * time.Hour
	ariRest    = 24 * time.Hour // after a certificate was issued, in which it is not renewed because the CA says so
)

// checkARI returns what a CA has said of a certificate's renewal such as certmagic can bear it, or why it cannot be used. certmagic panics, with its cache locked, over a window
// that ends before it begins, and renews at each look what has no time selected; a window in the past, as a CA gives it that wants a certificate replaced at once, would have
// each one replaced that it issues: a new certificate rests for a day, or a tenth of its life if that is less.
func checkARI(ari protocol.RenewalInfo, leaf *x509.Certificate, now time.Time) (protocol.RenewalInfo, error) {
	start, end := ari.SuggestedWindow.Start, ari.SuggestedWindow.End
	id, err := protocol.ARIUniqueIdentifier(leaf)
	switch {
	case err != nil:
		return ari, err
	case !ari.HasWindow():
		return ari, errors.New("there is no window")
	case end.Unix()-start.Unix() < 2:
		return ari, fmt.Errorf("the window from %v until %v is none", start, end)
	case ari.UniqueIdentifier != id:
		return ari, fmt.Errorf("it is about the certificate %.100q, and this one is %s", ari.UniqueIdentifier, id)
	case ari.RetryAfter != nil && ari.RetryAfter.After(now.Add(2*ariMost)):
		return ari, fmt.Errorf("the CA is not to be asked before %v", ari.RetryAfter)
	}
	if ari.SelectedTime.IsZero() {
		ari.SelectedTime = start.Add(end.Sub(start) / 2)
	}
	rest := leaf.NotBefore.Add(min(ariRest, leaf.NotAfter.Sub(leaf.NotBefore)/10))
	ari.SelectedTime = latest(earliest(latest(ari.SelectedTime, start), end), rest)
	return ari, nil
}

// fromCA is checkARI for what a CA has just said, with a time at which to ask it again.
func fromCA(ari protocol.RenewalInfo, leaf *x509.Certificate, now time.Time) (protocol.RenewalInfo, error) {
	again := now.Add(ariDefault)
	if ari.RetryAfter != nil {
		again = earliest(latest(*ari.RetryAfter, now.Add(ariLeast)), now.Add(ariMost))
	}
	ari.RetryAfter = &again
	return checkARI(ari, leaf, now)
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
