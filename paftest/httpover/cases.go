package httpover

import (
	"slices"

	"github.com/paf-go/paf"
)

// A testCase is a claim about servers and clients over a flow.
type testCase struct {
	claim string
	run   func(p *place)

	only  paf.Protocol             // of the versions, 0: both
	waits bool                     // it does little but wait: any number of such may run at a time
	alone bool                     // none may run beside it
	needs func(lacks facts) string // says what the flow lacks for it, "" if nothing; nil: it needs nothing
}

// casesOf returns the cases of a version.
func casesOf(v version) (list []*testCase) {
	for _, c := range slices.Concat(messages, together, limits, kept, ends, times, tunnels, stops) {
		if c.only == 0 || c.only == v.protocol {
			list = append(list, &c)
		}
	}
	return list
}

func halfCloses(f facts) string {
	if !f.halfCloses {
		return "half-close at both ends"
	}
	return ""
}

func watched(f facts) string {
	if !f.watched {
		return "descriptor that can be watched"
	}
	return ""
}
