package flow_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/flow/flowtest"
)

// A Unix socket with an abstract name has no file.
func TestAbstractUnixIsAFlow(t *testing.T) {
	flowtest.Run(t, func(t testing.TB) (flow.Flow, flow.Flow) {
		return dial(t, "unix", fmt.Sprintf("@paf-flow-test-%d", os.Getpid()))
	})
}
