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

// TestOptionsAreAsTheyAreTyped: an option that takes no value has none.
func TestOptionsAreAsTheyAreTyped(t *testing.T) {
	s := record.Settings{Options: map[string]string{"--insecure": "true", "--think": "10ms", "--websocket": "true"}}
	if got := options(&s); got != "--insecure --think 10ms --websocket" {
		t.Errorf("%q", got)
	}
}

// TestRedirectsAloneAreRemarkedOn, and not those among others, nor answers that there is nothing new.
func TestRedirectsAloneAreRemarkedOn(t *testing.T) {
	for _, c := range []struct {
		statuses []int
		want     bool
	}{{[]int{301, 308}, true}, {[]int{302, 200}, false}, {[]int{304, 304}, false}, {nil, false}} {
		r := record.NewRecorder(record.Settings{}, began)
		s := r.Shard()
		for _, status := range c.statuses {
			s.Done(0, 0, 1, 2, status, 1, 1)
		}
		if got := strings.Contains(strings.Join(remarks(r.Run(1e9)), "\n"), "redirect"); got != c.want {
			t.Errorf("%v: %t", c.statuses, got)
		}
	}
}
