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
	for i, late := range []bool{true, false, false} {
		_ = c.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
		if _, err := c.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) != late {
			t.Errorf("read %d: %v", i, err)
		}
	}
}
