package netstack_test

import (
	"testing"

	"github.com/paf-go/paf/internal/walls"
)

// TestTheCoreNeedsNothingOfThis holds the weight of a TCP/IP stack out of every other program.
func TestTheCoreNeedsNothingOfThis(t *testing.T) {
	walls.CoreWithout(t, "gvisor", "dhcp", "paf/netstack")
}

func TestItKnowsNoHTTP(t *testing.T) { walls.OnlyRooms(t, "flow", "mimic", "netstack") }

func TestItBuildsWithoutAKernelsDevices(t *testing.T) {
	walls.BuildsFor(t, "linux/386", "darwin/arm64", "windows/amd64", "js/wasm")
}
