package report

import (
	"fmt"

	"github.com/paf-go/paf/cmd/paf/internal/load/record"
)

// mostApart is which part of a run those that were merged into it may not share, be it that one began a little later, before its rate means little.
const mostApart = 0.1

// atOneTime reports whether the runs that were merged into one were at the same time.
func atOneTime(r *record.Run) bool {
	return float64(r.Together()) >= float64(r.Length)*(1-mostApart)
}

// merged says what a reader has to know of a run that was merged from several.
func merged(r *record.Run) (all []string) {
	if r.Processes <= 1 {
		return nil
	}
	all = []string{fmt.Sprintf("Merged from %d runs.", r.Processes)}
	const rates = "what is said of a second is of the whole span, and connections are added up all the same."
	switch shared := r.Together(); {
	case atOneTime(r):
	case shared < 0:
		first, last := r.Parts[0], r.Parts[0]
		for _, p := range r.Parts {
			if p.End().Before(first.End()) {
				first = p
			}
			if p.Start.After(last.Start) {
				last = p
			}
		}
		all = append(all, fmt.Sprintf("They were not at the same time, %s ended %s before %s began: %s", oneLine(first.String()), short(-shared), oneLine(last.String()), rates))
	default:
		all = append(all, fmt.Sprintf("They were all at the same time for %s of %s only: %s", short(shared), short(r.Length), rates))
	}
	return all
}
