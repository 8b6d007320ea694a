//go:build unix

package main

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/mdlayher/vsock"
	"github.com/paf-go/paf"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/mimic"
)

// toMachine opens connections over vsock to port 80 of the machine of a number.
var toMachine = mimic.Register("vsock-to-machine", 0, func(_ context.Context, number uint32) (flow.Flow, error) {
	c, err := vsock.Dial(number, 80, nil)
	if err != nil {
		return nil, err
	}
	return flow.Conn(c), nil
})

// asksOverVsock reaches the machine from its host. It is skipped with CI=true too where the host's kernel has no vsock for machines: no package
// brings that.
func asksOverVsock(t *testing.T, b *booted) {
	if b.context == 0 {
		_, err := os.Stat(hostVsock)
		t.Skipf("SKIPPED, so the machine was not reached over vsock from its host: the host's kernel lacks the module vhost_vsock: %v", err)
	}
	c := paf.Client{Context: mimic.Add(mimic.Context{}, toMachine, b.context)}
	defer c.Close()
	if page := get(t, &c, "http://machine/"); !strings.Contains(page, "you:      host(2):") {
		t.Errorf("the page was not asked for over vsock:\n%s", page)
	}
}
