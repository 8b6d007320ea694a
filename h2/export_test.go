package h2

import (
	"fmt"

	"github.com/paf-go/paf/engine"
)

// Rules returns the text of every rule.
func Rules() (texts []engine.Rule) {
	for r := ok + 1; r < numRules; r++ {
		texts = append(texts, rules[r].text)
	}
	return texts
}

// EachMutation changes one cell of a table to another value, calls try, and changes it back: for every value, and every cell
// that is asked for. Of those that are left out of moves and lives only sendReset and settled are: what else is not to
// happen in a state is refused before, by the verdicts or as a misuse.
func EachMutation(try func(what string)) {
	for from := open; from < numStates; from++ {
		for m := range numMoves {
			for to := idle; to < numStates; to++ {
				if moves[from][m] == idle && m != sendReset || to == from {
					continue
				}
				mutate(&moves[from][m], to, fmt.Sprintf("moves: %d by %d to %d", from, m, to), try)
			}
		}
	}
	for from := idle; from < numStates; from++ {
		for _, f := range []frameType{frameData, frameHeaders, frameRSTStream, frameWindowUpdate} {
			for v := unexpected; v <= closedConn; v++ {
				if from.over() && v <= ignore && v >= accept && verdicts[from][f] <= ignore && verdicts[from][f] >= accept {
					continue // to accept what is about no stream any more is to ignore it
				}
				mutate(&verdicts[from][f], v, fmt.Sprintf("verdicts: %d of %d is %d", from, f, v), try)
			}
		}
	}
	for from := preface; from < over; from++ {
		for t := range numTurnings {
			for to := preface; to < numLives; to++ {
				if lives[from][t] == preface && (t != settled || from == preface) || to == from {
					continue
				}
				if from == preface && t == part && to == over {
					continue // there is no stream yet: what is parted is over at once
				}
				mutate(&lives[from][t], to, fmt.Sprintf("lives: %d by %d to %d", from, t, to), try)
			}
		}
	}
	for r := ok + 1; r < numRules; r++ {
		if r == ruleReset {
			continue // its code is the peer's
		}
		for code := NoError; code <= HTTP11Required; code++ {
			mutate(&rules[r].code, code, fmt.Sprintf("rules: the code of %q is %d", rules[r].text, code), try)
		}
		if rules[r].status == 0 {
			continue // most are the connection's, where it means nothing
		}
		mutate(&rules[r].status, 499-rules[r].status, fmt.Sprintf("rules: the status of %q is another", rules[r].text), try)
	}
}

func mutate[T comparable](cell *T, to T, what string, try func(string)) {
	if from := *cell; from != to {
		*cell = to
		try(what)
		*cell = from
	}
}
