package report

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paf-go/paf/cmd/paf/internal/load/record"
)

var update = flag.Bool("update", false, "write what is in testdata anew")

// golden compares a text with the one in a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	name = filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is not what was expected; go test -update writes it anew:\n%s", name, got)
	}
}

func TestTextSaysWhatARunHolds(t *testing.T) {
	for name, run := range map[string]*record.Run{
		"plain": plain(), "rough": rough(), "brief": brief(), "nothing": nothing(), "lost": lost(), "stall": stored(t, "stall"),
	} {
		var b strings.Builder
		if err := Text(&b, run); err != nil {
			t.Fatal(err)
		}
		golden(t, name+".txt", b.String())
	}
}
