package serve

import (
	"bytes"
	"context"
	"log/slog"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/paf-go/paf/internal/testkit"
)

// A device that leads nowhere is no failure, but whoever waits for answers is told what to do.
func TestADeviceThatLeadsNowhereIsTold(t *testing.T) {
	testkit.Apart(t, func() {
		const commands = "ip address add 10.0.0.1/24 dev tap0 && ip link set tap0 up"
		for _, c := range []struct {
			before  []string // commands
			says    string
			so      string
			gateway []string
		}{
			{nil, "the device was made for this run", commands, nil},
			{nil, "the device was made for this run", strings.Replace(commands, "10.0.0.1/", "10.0.0.254/", 1), []string{"10.0.0.254"}},
			{[]string{"ip tuntap add tap0 mode tap"}, "the device is down", commands, nil},
			{[]string{"ip address add 10.0.0.3/24 dev tap0"}, "the device is down", "ip link set tap0 up", nil},
			{[]string{"ip link set tap0 up"}, "", "", nil},
		} {
			for _, command := range c.before {
				if out, err := exec.Command("sh", "-c", command).CombinedOutput(); err != nil {
					t.Errorf("%s: %v: %s", command, err, out)
					return
				}
			}
			tap, err := NewTap("tap0", []string{"10.0.0.2/24"}, c.gateway)
			if err != nil {
				t.Error(err)
				return
			}
			var out testkit.Record
			s, err := tap.Open(t.Context(), out.Logger())
			if err != nil {
				t.Error(err)
				return
			}
			s.Close()
			if got := out.Take(); c.says == "" && got != "" || !strings.Contains(got, c.says) || c.so != "" && !strings.Contains(got, `run="`+c.so+`"`) {
				t.Errorf("%q, want %q with %q", got, c.says, c.so)
			}
		}
	})
}

// Nobody gives an address: that it is waited for is told before the time is up.
func TestTheWaitForAnAddressIsTold(t *testing.T) {
	testkit.Apart(t, func() {
		tap, err := NewTap("tap0", []string{"dhcp"}, nil)
		if err != nil {
			t.Error(err)
			return
		}
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		var out testkit.Record
		log := slog.New(slog.NewTextHandler(writer(func(p []byte) (int, error) {
			if bytes.Contains(p, []byte("waiting for an address")) {
				cancel()
			}
			return out.Write(p)
		}), nil))
		if s, err := tap.Open(ctx, log); err == nil {
			s.Close()
			t.Error("there is an address")
		} else if context.Cause(ctx) != context.Canceled {
			t.Errorf("%v\n%s", err, out.Take())
		}
	})
}

type writer func([]byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }
