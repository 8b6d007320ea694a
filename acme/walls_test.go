package acme

import (
	"testing"

	"github.com/paf-go/paf/internal/walls"
)

// TestTheCoreNeedsNothingOfThis holds certmagic and what it needs out of every other program.
func TestTheCoreNeedsNothingOfThis(t *testing.T) {
	walls.CoreWithout(t, "certmagic", "acmez", "zap", "paf/acme")
}

func TestItBuildsElsewhere(t *testing.T) { walls.BuildsFor(t, "windows/amd64") }
