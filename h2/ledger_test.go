package h2_test

import (
	"strings"
	"testing"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/h2"
	"github.com/paf-go/paf/internal/script"
)

// TestEveryRuleIsBrokenBySomeScript is the ledger: no rule without a case that breaks it.
func TestEveryRuleIsBrokenBySomeScript(t *testing.T) {
	broken := map[engine.Rule]bool{}
	for _, f := range scripts(t) {
		for _, c := range f.Cases {
			for _, s := range c.Steps {
				for _, line := range s.Want {
					for _, r := range h2.Rules() {
						if strings.HasPrefix(line, "= fault") && strings.Contains(line, string(r)) {
							broken[r] = true
						}
					}
				}
			}
		}
	}
	for _, r := range h2.Rules() {
		if !broken[r] {
			t.Errorf("no script breaks %q", r)
		}
		if !strings.HasPrefix(string(r), "RFC ") || !strings.Contains(string(r), "Section") {
			t.Errorf("%q names no section", r)
		}
	}
}

// TestEveryCellIsHeldByAScript changes each cell of the tables of states, moves, verdicts and rules to each other value, and
// looks whether some script notices.
func TestEveryCellIsHeldByAScript(t *testing.T) {
	var cases []*script.Case
	for _, f := range scripts(t) {
		cases = append(cases, f.Cases...)
	}
	noticed := func() (yes bool) {
		defer func() { yes = yes || recover() != nil }()
		for i, c := range cases {
			if got, err := c.Run(newEngine, script.Whole); err != nil || c.Wrong(got) != "" {
				cases[0], cases[i] = cases[i], cases[0] // it will often notice the next one too
				return true
			}
		}
		return false
	}
	if noticed() {
		t.Fatal("a script fails without any change")
	}
	h2.EachMutation(func(what string) {
		if !noticed() {
			t.Errorf("nothing notices that %s", what)
		}
	})
}
