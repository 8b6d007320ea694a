//go:build !js

package web_test

import (
	"testing"

	"github.com/paf-go/paf/flow/flowtest"
)

func TestWebSocketIsAFlow(t *testing.T) { flowtest.Run(t, pair) }
