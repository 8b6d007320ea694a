package vsock_test

import (
	"testing"

	"github.com/paf-go/paf/internal/walls"
)

func TestTheCoreNeedsNothingOfThis(t *testing.T) { walls.CoreWithout(t, "vsock") }
func TestItKnowsNoHTTP(t *testing.T)             { walls.OnlyRooms(t, "flow", "mimic", "vsock") }

func TestItBuildsWhereThereIsNoVsock(t *testing.T) {
	walls.BuildsFor(t, "linux/386", "darwin/arm64", "windows/amd64", "js/wasm")
}
