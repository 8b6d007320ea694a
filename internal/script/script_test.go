package script_test

import (
	"strings"
	"testing"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/h1"
	"github.com/paf-go/paf/internal/script"
)

const file = "# A file\n\n## A case\n\nWhy.\n\n```\nserver\n> GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n\n= request 1 GET / HTTP/1.1 length=0 end\n=   Host: a\n! respond 204\n< HTTP/1.1 204 No Content\\r\\n\n< \\r\\n\n! end\n```\n"

func parse(t *testing.T, text string) *script.File {
	t.Helper()
	f, err := script.Parse("test.md", text, script.Text)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func server(_ string, limits engine.Limits, now engine.Instant) engine.Engine {
	return h1.NewServer(limits, now)
}

func TestFileIsWrittenAsItWasRead(t *testing.T) {
	if got := parse(t, file).Format(); got != file {
		t.Errorf("it became\n%s", got)
	}
}

// agrees reports whether running a case has the outcomes that are written there.
func agrees(t *testing.T, c *script.Case) bool {
	t.Helper()
	got, err := c.Run(server, script.Whole)
	if err != nil {
		t.Fatal(err)
	}
	return c.Wrong(got) == ""
}

func TestWrongOutcomesAreSeen(t *testing.T) {
	if !agrees(t, parse(t, file).Cases[0]) {
		t.Fatal("the right outcomes are not taken for right")
	}
	for _, change := range [][2]string{{"Host: a\n!", "Host: b\n!"}, {"No Content", "Content"}, {"= request 1", "= request 2"}, {"< \\r\\n\n", ""}} {
		wrong := strings.Replace(file, change[0], change[1], 1)
		if wrong == file {
			t.Fatalf("%q is not in the file", change[0])
		}
		if agrees(t, parse(t, wrong).Cases[0]) {
			t.Errorf("%q for %q is taken for right", change[1], change[0])
		}
	}
}

// A cutter is an engine that tells something else when it is shown little at a time.
type cutter struct {
	*h1.ServerConn
	told bool
}

func (c *cutter) Next(now engine.Instant, in []byte, ev *engine.Event) int {
	n := c.ServerConn.Next(now, in, ev)
	if len(in) == 10 && ev.Kind == engine.NoEvent && !c.told {
		c.told = true
		ev.Kind, ev.Stream, ev.Data = engine.Data, 1, []byte("x")
	}
	return n
}

// A keeper is an engine that keeps the input it was shown.
type keeper struct{ *h1.ServerConn }

func (k keeper) Next(now engine.Instant, in []byte, ev *engine.Event) int {
	n := k.ServerConn.Next(now, in, ev)
	if ev.Kind == engine.Request {
		copied := *ev.Request
		copied.Method = string(in[:3])
		ev.Request = &copied
	}
	return n
}

func TestOutcomesThatDependOnTheCutAreSeen(t *testing.T) {
	c := parse(t, file).Cases[0]
	whole, err := c.Run(server, script.Whole)
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, way := range c.Ways() {
		got, err := c.Run(func(_ string, l engine.Limits, now engine.Instant) engine.Engine {
			return &cutter{ServerConn: h1.NewServer(l, now)}
		}, way)
		if err != nil {
			t.Fatal(err)
		}
		if c.Differ(way, whole, got) != "" {
			seen++
		}
		right, err := c.Run(func(_ string, l engine.Limits, now engine.Instant) engine.Engine {
			return keeper{h1.NewServer(l, now)}
		}, way)
		if err != nil {
			t.Fatal(err)
		}
		if diff := c.Differ(way, whole, right); diff != "" {
			t.Errorf("an engine that copies what it keeps: %s", diff)
		}
	}
	if seen == 0 {
		t.Error("no way sees it")
	}
}

func TestBadFilesAreRefused(t *testing.T) {
	for _, bad := range []string{
		strings.Replace(file, "server\n", "proxy\n", 1),
		strings.Replace(file, "> GET", "* GET", 1),
		strings.Replace(file, "server\n", "server HeadBytes=many\n", 1),
	} {
		f, err := script.Parse("test.md", bad, script.Text)
		if err == nil {
			_, err = f.Cases[0].Run(server, script.Whole)
		}
		if err == nil {
			t.Errorf("accepted:\n%s", bad)
		}
	}
}
