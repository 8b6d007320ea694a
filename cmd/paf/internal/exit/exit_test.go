package exit

import (
	"errors"
	"fmt"
	"io"
	"testing"
)

func TestFirstCodeInTheChainCounts(t *testing.T) {
	inner := Errorf(Partial, "broken off: %w", io.ErrUnexpectedEOF)
	for _, c := range []struct {
		err  error
		want Code
	}{
		{nil, OK}, {io.EOF, Failure}, {inner, Partial}, {fmt.Errorf("more: %w", inner), Partial},
		{Errorf(Timeout, "late: %w", inner), Timeout}, {errors.Join(io.EOF, inner), Partial},
	} {
		if got := CodeOf(c.err); got != c.want {
			t.Errorf("%v: %d, want %d", c.err, got, c.want)
		}
	}
	if !errors.Is(inner, io.ErrUnexpectedEOF) || inner.Error() != "broken off: unexpected EOF" {
		t.Errorf("%v", inner)
	}
}
