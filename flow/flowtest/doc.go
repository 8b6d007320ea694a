// Package flowtest holds the test that every flow must pass, and a flow on which
// things go wrong.
//
// Whoever writes a flow of their own runs the test on it:
//
//	func TestMyFlow(t *testing.T) {
//		flowtest.Run(t, func(t testing.TB) (a, b flow.Flow) {
//			return myflow.Pair(t)
//		})
//	}
//
// It checks the promises that [flow.Flow] documents, and for each power that the
// flow has the promises of that power. Of a power that the flow does not have nothing is tested, which is no failure: go test -v shows
// which those are ("NOT TESTED"), and so whether a power was lost.
//
// [Faulty] wraps a flow and makes it fail as real networks do, at chosen
// offsets: reads that return little, writes that are cut short, stalls, errors
// and resets.
package flowtest
