package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/paf-go/paf/cmd/paf/internal/exit"
)

// The runs are real ones, of a handler that slept for 3 ms and then for 3.3 ms, on a busy machine: by its noise, only the shorter times are known to differ.
func TestCompareFailsIfASecondRunIsSlower(t *testing.T) {
	runs := filepath.Join("internal", "load", "report", "testdata")
	before, after := filepath.Join(runs, "before.json"), filepath.Join(runs, "after.json")
	short := filepath.Join(t.TempDir(), "short.json")
	if code, _, stderr := loads(t, "-c", "2", "-n", "20", "--json", short, failing(t, 1000)); code != exit.OK {
		t.Fatal(stderr)
	}
	for _, c := range []struct {
		args string
		a, b string
		code exit.Code
		says string
	}{
		{"", before, after, exit.OK, ""},
		{"--max-slower 0%", before, after, exit.Failure, `after.json" is worse than "` + before + `" by more than --max-slower 0%: 50 % from 3.88 ms to 3.99 ms`},
		{"--max-slower 2%", before, after, exit.Failure, `--max-slower 2%: 50 % from 3.88 ms to 3.99 ms`},
		{"--max-slower 2.8%", before, after, exit.Failure, `--max-slower 2.8%: 50 %`},
		{"--max-slower 7%", before, after, exit.OK, ""},
		{"--max-slower 5%", before, after, exit.OK, ""}, // 9.5 % on average, and noise
		{"--max-slower 2%", after, before, exit.OK, ""},
		{"--max-slower 2%", before, before, exit.OK, ""},
		{"--max-slower 2%", before, short, exit.Failure, "no time could be tested"},
		{"--max-slower 2", before, after, exit.Usage, `the option "--max-slower" takes a share (as 5%), not "2"`},
		{"--max-slower -2%", before, after, exit.Usage, `takes a share`},
		{"--max-slower NaN%", before, after, exit.Usage, `takes a share`},
	} {
		args := append([]string{"--compare"}, strings.Fields(c.args)...)
		code, stdout, stderr := loads(t, append(args, c.a, c.b)...)
		if code != c.code || !strings.Contains(stderr, c.says) || c.says == "" && stderr != "" {
			t.Errorf("%s: %d, %s", c.args, code, stderr)
		}
		if c.code != exit.Usage && (!strings.Contains(stdout, "Requests/s") || c.args != "" && !strings.Contains(stdout, c.args+" is broken where a time")) {
			t.Errorf("%s: %s", c.args, stdout)
		}
	}
	if _, stdout, _ := loads(t, "--compare", before, after); strings.Contains(stdout, "--max-slower") {
		t.Errorf("a bound that was not asked for: %s", stdout)
	}
	if code, _, stderr := loads(t, "--max-slower", "5%", failing(t, 1000)); code != exit.Usage || !strings.Contains(stderr, "--max-slower is for --compare") {
		t.Errorf("%d, %s", code, stderr)
	}
}
