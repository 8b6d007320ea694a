package flow_test

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/paf-go/paf/flow"
)

// A deadline that has interrupted a call has closed a flow that has none: who sets another one and tries again is told so.
func TestADeadlineThatClosedTheFlowIsToldOnce(t *testing.T) {
	a, b := bare(pipe(0))(t)
	defer b.Close()
	c := flow.NetConn(a)
	for i, wait := range []time.Duration{10 * time.Millisecond, time.Hour, time.Hour} {
		_ = c.SetReadDeadline(time.Now().Add(wait))
		if _, err := c.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) != (i == 0) {
			t.Errorf("read %d: %v", i, err)
		}
	}
	_ = c.Close() // and no timer is left
}
