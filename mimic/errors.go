package mimic

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

var (
	// ErrNotFound: no endpoint could be connected to, or there was none.
	ErrNotFound = errors.New("mimic: no connection found")

	// ErrCycle: to compute a key's value one needs that value. The error that
	// says so is a [*CycleError].
	ErrCycle = errors.New("mimic: the context contains a cycle")

	// ErrSkip is what a function returns that cannot compute its key and does
	// not mind. A reason is welcome and will be kept:
	//
	//	return none, fmt.Errorf("%w: the scheme is %q", mimic.ErrSkip, scheme)
	ErrSkip = errors.New("mimic: not applicable")
)

// A ResolveError says why there is no flow. errors.Is and errors.As look into
// all of it.
type ResolveError struct {
	// Reason is [ErrNotFound], or, when the context.Context had ended before all
	// had been tried, its error together with its cause.
	Reason error

	// Causes holds what went wrong, in the order in which it happened: a [*KeyError] for
	// each function that gave no value and each endpoint that gave no flow, and
	// a [*CycleError] for each cycle.
	Causes []error
}

// Error gives the reason and the causes in one line. That a function had nothing to say is
// told only if nothing worse happened.
func (e *ResolveError) Error() string {
	if e.Reason == ErrNotFound && len(e.Causes) == 0 {
		return e.Reason.Error() + ": the context has no endpoint"
	}
	return e.Reason.Error() + e.because(": ")
}

// because tells the causes, sep before the first.
func (e *ResolveError) because(sep string) string {
	var b strings.Builder
	causes := slices.DeleteFunc(slices.Clone(e.Causes), harmless)
	if len(causes) == 0 {
		causes = e.Causes
	}
	for _, cause := range causes {
		b.WriteString(sep)
		b.WriteString(cause.Error())
		sep = "; "
	}
	return b.String()
}

// Unwrap returns the reason and all causes.
func (e *ResolveError) Unwrap() []error { return append([]error{e.Reason}, e.Causes...) }

// An Op is what was done for a key when an error arose.
type Op string

// The two things that are done for keys.
const (
	Computing  Op = "compute" // run a function bound to the key
	Connecting Op = "connect" // open a flow to an endpoint
)

// A KeyError is what came of one function or of one endpoint.
type KeyError struct {
	Op  Op
	Key string // the name of the key
	Err error
}

// Error says what was done for which key, and why it failed. Of a protocol that has resolved a context of its own it gives the
// causes alone.
func (e *KeyError) Error() string {
	why := e.Err.Error()
	if inner, ok := e.Err.(*ResolveError); ok && inner.Reason == ErrNotFound && len(inner.Causes) > 0 {
		why = inner.because("")
	}
	return string(e.Op) + " " + e.Key + ": " + why
}

// Unwrap returns the cause.
func (e *KeyError) Unwrap() error { return e.Err }

// A MissingError says that a function was not run because a key it requires
// has no value.
type MissingError struct{ Key string }

// Error names the key.
func (e *MissingError) Error() string { return "needs " + e.Key + ", which has no value" }

// A CycleError names the keys of a cycle. For it errors.Is(err, [ErrCycle]) holds.
type CycleError struct {
	// Keys holds the names in order: a function of each key needs the next,
	// and one of the last needs the first.
	Keys []string
}

// Error draws the cycle, as "ip → name → ip".
func (e *CycleError) Error() string {
	return ErrCycle.Error() + ": " + strings.Join(append(e.Keys[:len(e.Keys):len(e.Keys)], e.Keys[0]), " → ")
}

// Is makes it an [ErrCycle].
func (e *CycleError) Is(target error) bool { return target == ErrCycle }

// A PanicError is a panic in a function or in a protocol's connect.
type PanicError struct{ Value any }

// Error shows the value that panic was called with.
func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// Unwrap returns the value, if it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// guard runs f and makes a panic in it an error.
func guard[T any](f func() (T, error)) (v T, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &PanicError{p}
		}
	}()
	return f()
}

// ended returns why ctx is over, with its cause, or nil if it is not.
func ended(ctx context.Context) error {
	err := ctx.Err()
	if err == nil {
		return nil
	}
	if cause := context.Cause(ctx); !errors.Is(cause, err) {
		return fmt.Errorf("%w: %w", err, cause)
	}
	return err
}

// harmless reports whether err, of a function, only says that there is no value.
// Not to have found a connection is among that, for functions that resolve a
// context of their own.
func harmless(err error) bool {
	var missing *MissingError
	if of, ok := err.(*KeyError); ok && of.Op == Connecting {
		return false
	}
	return errors.Is(err, ErrSkip) || errors.Is(err, ErrNotFound) || errors.As(err, &missing)
}
