package proxyproto_test

import (
	"testing"

	"github.com/paf-go/paf/internal/walls"
)

func TestTheCoreNeedsNothingOfThis(t *testing.T) { walls.CoreWithout(t, "proxyproto") }
func TestItKnowsNoHTTP(t *testing.T)             { walls.OnlyRooms(t, "flow", "proxyproto") }
