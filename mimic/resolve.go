package mimic

import (
	"context"
	"errors"
	"slices"

	"github.com/paf-go/paf/flow"
)

// Resolve opens the first flow that works. It walks the endpoints in the order of
// [Context.Unfold] and connects to each; an endpoint that a function computes
// is computed when its turn comes, together with what the function needs, so that
// nothing is computed in vain: no name is looked up for a Unix socket. A function
// that fails or an endpoint that cannot be connected to is passed over.
//
// If nothing works the error is a [*ResolveError], with every cause; to make it
// whole the functions that were not needed so far have been run too. When ctx ends,
// Resolve stops and says so. The flow, once there is one, does not depend on ctx.
func (c Context) Resolve(ctx context.Context) (flow.Flow, error) {
	cs := sorted(c.bindings())
	s := newSolver(ctx, cs)
	log := c.logger()
	log.resolving(ctx, connectable(cs))
	for _, cand := range cs {
		if cand.key.open == nil {
			break // the ordinary keys come last
		}
		e, ok, err := s.endpoint(cand)
		if err != nil {
			return nil, &ResolveError{err, s.causes}
		}
		if !ok {
			continue
		}
		f, err := e.connect(ctx)
		if err == nil {
			return f, nil
		}
		log.failure(ctx, err)
		s.causes = append(s.causes, err)
	}
	reason := s.settle(s.tasks...)
	if reason == nil {
		reason = notFound(ctx)
	}
	return nil, &ResolveError{reason, s.causes}
}

// Unfold returns what Resolve sees: the plain values and the results of all
// functions, each as an endpoint of its own, in the order in which Resolve tries them.
//
// The keys of protocols come first, by priority, and ordinary keys last. Among equals
// plain values come before computed ones. Then the key added to
// most recently comes first, where the protocols of one [Registry] count as one, and are
// among themselves ordered by their registration, the last one first. Of one key
// the newest comes first.
//
// The error joins what failed while computing, cycles included, but for what was
// merely missing or skipped; the endpoints are returned all the same. When ctx
// has ended the error says so and some endpoints may be missing.
func (c Context) Unfold(ctx context.Context) ([]Endpoint, error) {
	cs := sorted(c.bindings())
	s := newSolver(ctx, cs)
	reason := s.settle(s.tasks...)
	var es []Endpoint
	for _, cand := range cs {
		switch t := cand.task; {
		case t == nil:
			es = append(es, Endpoint{key: cand.key, value: cand.value})
		case t.ok:
			es = append(es, Endpoint{key: cand.key, value: t.value, computed: true})
		}
	}
	for _, err := range s.causes {
		if !harmless(err) {
			reason = errors.Join(reason, err)
		}
	}
	return es, reason
}

// Connect opens a flow to the first of es that works, in the order given; those
// of ordinary keys are skipped. Its error is a [*ResolveError].
func Connect(ctx context.Context, es []Endpoint) (flow.Flow, error) {
	log := loggerOf(es)
	es = slices.DeleteFunc(slices.Clone(es), func(e Endpoint) bool { return !e.Connectable() })
	log.resolving(ctx, namesOf(es))
	var causes []error
	for _, e := range es {
		if err := ended(ctx); err != nil {
			return nil, &ResolveError{err, causes}
		}
		f, err := e.connect(ctx)
		if err == nil {
			return f, nil
		}
		log.failure(ctx, err)
		causes = append(causes, err)
	}
	return nil, &ResolveError{notFound(ctx), causes}
}

// endpoint returns the endpoint of c, computed if need be, and false if it has
// no value. The error says that the context.Context has ended.
func (s *solver) endpoint(c candidate) (Endpoint, bool, error) {
	if err := ended(s.ctx); err != nil {
		return Endpoint{}, false, err
	}
	if c.task == nil {
		return Endpoint{key: c.key, value: c.value}, true, nil
	}
	err := s.settle(c.task)
	return Endpoint{key: c.key, value: c.task.value, computed: true}, c.task.ok, err
}

// connect opens a flow to e, whose key is a protocol's.
func (e Endpoint) connect(ctx context.Context) (flow.Flow, error) {
	f, err := guard(func() (flow.Flow, error) { return e.key.open(ctx, e.value) })
	if err != nil {
		return nil, &KeyError{Connecting, e.key.name, err}
	}
	return mark(opened{Flow: f, endpoint: e, resolved: true}), nil
}

// notFound is the reason when everything has been tried: that ctx has ended
// meanwhile, or that nothing is left.
func notFound(ctx context.Context) error {
	if err := ended(ctx); err != nil {
		return err
	}
	return ErrNotFound
}
