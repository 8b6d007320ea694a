package h2_test

import (
	"flag"
	"testing"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/h2"
	"github.com/paf-go/paf/internal/script"
)

var update = flag.Bool("update", false, "rewrite the outcomes in testdata")

// newEngine makes the engine that a script runs.
func newEngine(role string, limits engine.Limits, now engine.Instant) engine.Engine {
	if role == "client" {
		return h2.NewClient(limits, now)
	}
	return h2.NewServer(limits, now)
}

// scripts reads the files in testdata that have cases.
func scripts(t testing.TB) []*script.File {
	t.Helper()
	return script.ReadAll(t, "testdata/*.md", newFrames)
}

// TestScripts runs every case as it stands there, and in every other way.
func TestScripts(t *testing.T) { script.Test(t, scripts(t), newEngine, *update) }
