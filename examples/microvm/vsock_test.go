//go:build linux

package main

import (
	"os"
	"strings"
	"testing"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/vsock"
)

// asksOverVsock reaches the machine from its host. It is skipped with CI=true too where the host's kernel has no vsock for machines: no package
// brings that.
func asksOverVsock(t *testing.T, b *booted) {
	if b.context == 0 {
		_, err := os.Stat(hostVsock)
		t.Skipf("SKIPPED, so the machine was not reached over vsock from its host: the host's kernel lacks the module vhost_vsock: %v", err)
	}
	c := paf.Client{Context: vsock.Context(vsock.Addr{CID: b.context, Port: 80})}
	defer c.Close()
	if page := get(t, &c, "http://machine/"); !strings.Contains(page, "you:      2:") {
		t.Errorf("the page was not asked for over vsock:\n%s", page)
	}
}
