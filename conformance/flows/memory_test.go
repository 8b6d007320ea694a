package flows

import (
	"net"
	"testing"

	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/flow/flowtest"
	"github.com/paf-go/paf/paftest"
	"github.com/paf-go/paf/paftest/httpover"
)

func TestHTTPWorksOverPipes(t *testing.T)          { works(t, listening(memory)) }
func TestHTTPWorksOverPipesInABubble(t *testing.T) { httpover.RunInBubble(t, listening(memory)) }

func TestHTTPWorksOverPipesThatHoldLittle(t *testing.T) {
	httpover.RunInBubble(t, httpover.PairsOf(func(testing.TB) (flow.Flow, flow.Flow) { return flow.Pipe(1000) }))
}

// Every call moves little, and each time another amount than the frames and heads have.
func TestHTTPWorksOverNarrowReadsAndWrites(t *testing.T) {
	works(t, wrapped(listening(memory), func(f flow.Flow) flow.Flow { return flowtest.Faulty(f, flowtest.Faults{ReadMax: 1021, WriteMax: 509}) }))
}

// net/http's server interrupts its reads by deadlines: over these that can only close the flow, and it is left out.
func TestHTTPWorksOverFlowsWithoutPowers(t *testing.T) {
	bare := wrapped(listening(memory), flow.Bare)
	httpover.Run(t, bare)
	t.Run("NetHTTP", func(t *testing.T) { itsClient(t, bare) })
}

func memory(testing.TB) (net.Listener, httpover.Dial) {
	ln := paftest.Listen()
	return ln, ln.Dial
}
