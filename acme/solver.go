package acme

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"github.com/mholt/acmez/v3"
	protocol "github.com/mholt/acmez/v3/acme"
)

// A solver presents the proof of one name to a CA for acmez's client, and tells of it. It believes nothing that the CA says but the token: acmez reads the
// CA's answers over the challenge, key authorization and identifier included, and a CA must not have us answer for somebody else's order at another
// one, nor name a file to delete. Its methods are called by one goroutine.
type solver struct {
	*issuer
	challenge Challenge
	name      string
	ordered   protocol.Identifier // as the order has it, a wildcard with its "*."
	print     string              // of the account's key (RFC 7638)

	presented *protocol.Challenge // of our making
}

var _ acmez.Solver = (*solver)(nil)

// newSolver returns what proves the name of an order.
func (i *issuer) newSolver(ch Challenge, name string, order acmez.OrderParameters) (*solver, error) {
	if len(order.Identifiers) != 1 {
		return nil, fmt.Errorf("an order is for one name, not for %d", len(order.Identifiers))
	}
	print, err := order.Account.Thumbprint()
	if err != nil {
		return nil, err
	}
	return &solver{issuer: i, challenge: ch, name: name, ordered: order.Identifiers[0], print: print}, nil
}

// Present makes the proof ready.
func (s *solver) Present(ctx context.Context, c protocol.Challenge) error {
	switch {
	case s.presented != nil:
		return fmt.Errorf("the CA wants %s proved twice in one order", s.name)
	case !isToken(c.Token):
		return errToken
	case !same(c.Identifier, s.ordered):
		return fmt.Errorf("the CA wants %q proved, of the type %q, and %s was ordered", c.Identifier.Value, c.Identifier.Type, s.name)
	}
	own := &protocol.Challenge{
		Type: string(s.challenge), Token: c.Token, KeyAuthorization: c.Token + "." + s.print,
		Identifier: protocol.Identifier{Type: s.ordered.Type, Value: strings.TrimPrefix(s.ordered.Value, "*.")},
	}
	s.presented = own // even if it fails: something may have been left
	s.step(Step{Kind: Presenting, Name: s.name, Challenge: s.challenge, Address: s.challenge.at(s.name, own.Token), CA: s.ca.URL})
	if s.challenge == DNS01 {
		return s.records.put(ctx, *own)
	}
	return s.proofs.put(ctx, *own)
}

// same reports whether a CA means what was ordered.
func same(said, ordered protocol.Identifier) bool {
	if said.Type != ordered.Type {
		return false
	}
	if a, err := netip.ParseAddr(ordered.Value); err == nil {
		b, err := netip.ParseAddr(said.Value)
		return err == nil && a.Unmap() == b.Unmap()
	}
	return strings.EqualFold(strings.TrimPrefix(said.Value, "*."), strings.TrimPrefix(ordered.Value, "*."))
}

// CleanUp takes away what was presented, whatever the CA has made of the challenge since.
func (s *solver) CleanUp(ctx context.Context, _ protocol.Challenge) error {
	own := s.presented
	if own == nil {
		return nil
	}
	s.presented = nil
	if s.challenge == DNS01 {
		return s.records.remove(ctx, *own)
	}
	return s.proofs.remove(ctx, *own)
}

// A waiter is a solver whose proof takes its time to be seen everywhere.
type waiter struct{ *solver }

var _ acmez.Waiter = (*waiter)(nil)

// Wait returns when the record is where the CA will look for it.
func (w *waiter) Wait(ctx context.Context, _ protocol.Challenge) error {
	if w.presented == nil {
		return fmt.Errorf("nothing is presented for %s", w.name)
	}
	return w.records.wait(ctx, *w.presented)
}
