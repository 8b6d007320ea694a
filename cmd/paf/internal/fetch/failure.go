package fetch

import (
	"context"
	"errors"
	"fmt"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/cmd/paf/internal/exit"
	"github.com/paf-go/paf/cmd/paf/internal/said"
	"github.com/paf-go/paf/engine"
)

// failure gives the error of a request without a response its exit status.
func failure(ctx context.Context, err error) error {
	if err, ok := ended(ctx, err); ok {
		return err
	}
	return &exit.Error{Code: said.Code(err), Err: said.InWords(err)}
}

// partial gives the error of content that broke off its exit status, and adds
// what there is of it.
func partial(ctx context.Context, err error, format string, args ...any) error {
	kept := fmt.Sprintf(format, args...)
	if err, ok := ended(ctx, err); ok {
		return exit.Errorf(exit.CodeOf(err), "%w; %s", err, kept)
	}
	code := said.Code(err)
	if errors.Is(err, &engine.Error{Rule: engine.RuleTruncated}) || errors.Is(err, paf.ErrPeerGone) {
		code = exit.Partial
	}
	return exit.Errorf(code, "%w; %s", err, kept)
}

// ended returns the cause of ctx's end, which has an exit status of its own, if
// that is what err comes of.
func ended(ctx context.Context, err error) (error, bool) {
	if own := new(exit.Error); errors.As(err, &own) {
		return own, true
	}
	if ctx.Err() != nil {
		return context.Cause(ctx), true
	}
	return nil, false
}
