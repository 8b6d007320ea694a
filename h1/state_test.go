package h1

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMovesAreThoseOnRecord prints the whole grid of states and moves and compares it with
// testdata/moves.txt, so that a change of one cell is a change of one line.
func TestMovesAreThoseOnRecord(t *testing.T) {
	states := [numHalves]string{"forbidden", "idle", "waiting", "content", "ended", "switched", "failed"}
	names := [numMoves]string{"head", "turn", "interim", "swap", "end", "fault"}
	var b strings.Builder
	for s, side := range [2]string{"client", "server"} {
		for from := idle; from < numHalves; from++ {
			for m := range numMoves {
				to := moves[s][from][m]
				if to == forbidden {
					fmt.Fprintf(&b, "%s %-8s %-7s -\n", side, states[from], names[m])
				} else {
					fmt.Fprintf(&b, "%s %-8s %-7s %s\n", side, states[from], names[m], states[to])
				}
			}
		}
	}
	path := filepath.Join("testdata", "moves.txt")
	if updating() {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("the table has changed; if that is meant, run the test with -update. It is now:\n%s", b.String())
	}
}

// updating reports whether the flag -update, which the scripts' tests define, is set.
func updating() bool {
	for _, arg := range os.Args {
		if arg == "-update" || arg == "-update=true" || arg == "--update" {
			return true
		}
	}
	return false
}

// TestEveryRuleIsBrokenBySomeScript is the ledger: no rule without a case that breaks it.
func TestEveryRuleIsBrokenBySomeScript(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "*.md"))
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	var scripts strings.Builder
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		scripts.Write(text)
	}
	for r := ok + 1; r < numRules; r++ {
		text := string(rules[r].text)
		switch {
		case !strings.HasPrefix(text, "RFC 9") || !strings.Contains(text, "Section"):
			t.Errorf("rule %d names no section: %q", r, text)
		case !strings.Contains(scripts.String(), "= fault") || !brokenIn(scripts.String(), text):
			t.Errorf("no script breaks %q", text)
		}
	}
}

func brokenIn(scripts, rule string) bool {
	for line := range strings.Lines(scripts) {
		if strings.HasPrefix(line, "= fault") && strings.Contains(line, rule) {
			return true
		}
	}
	return false
}
