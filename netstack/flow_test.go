package netstack_test

import (
	"testing"

	"github.com/paf-go/paf/flow/flowtest"
)

func TestAConnectionOfIPv4IsAFlow(t *testing.T) { flowtest.Run(t, overStacks(twoV4)) }
func TestAConnectionOfIPv6IsAFlow(t *testing.T) { flowtest.Run(t, overStacks(twoV6)) }
