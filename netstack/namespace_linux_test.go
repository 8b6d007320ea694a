package netstack_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/paf-go/paf/internal/testkit"
	"github.com/paf-go/paf/netstack"
	"golang.org/x/sys/unix"
)

// A namespace is a network of the kernel's own making, with a device that leads to a stack. Its end of the cable is 10.77.0.1
// and fd77::1.
type namespace struct {
	t      testing.TB
	name   string
	device string
}

const (
	kernelV4, kernelV6   = "10.77.0.1", "fd77::1"
	stationV4, stationV6 = "10.77.0.2", "fd77::2"
)

// newNamespace makes a network with a device, "tap0" or "tun0". It needs to be root.
func newNamespace(t testing.TB, device string) *namespace {
	t.Helper()
	testkit.Need(t, "ip")
	n := &namespace{t: t, name: fmt.Sprintf("paf-%d-%s", os.Getpid(), strings.ToLower(t.Name())), device: device}
	n.name = strings.NewReplacer("/", "-").Replace(n.name)
	if out, err := exec.Command("ip", "netns", "add", n.name).CombinedOutput(); err != nil {
		testkit.Lacks(t, "no namespace can be made here, so nothing was tried with the kernel's TCP/IP: %v: %s", err, out)
	}
	t.Cleanup(func() { _ = exec.Command("ip", "netns", "delete", n.name).Run() })
	n.run("ip", "link", "set", "lo", "up")
	if out, err := n.command("ip", "tuntap", "add", "dev", device, "mode", device[:3]).CombinedOutput(); err != nil {
		testkit.Lacks(t, "the kernel has no %s devices, so nothing was tried with its TCP/IP: %v: %s", device[:3], err, out)
	}
	n.run("ip", "address", "add", kernelV4+"/24", "dev", device)
	n.run("ip", "address", "add", kernelV6+"/64", "dev", device, "nodad")
	n.run("ip", "link", "set", device, "up")
	return n
}

// command is a program inside of the namespace.
func (n *namespace) command(args ...string) *exec.Cmd {
	return exec.Command("ip", append([]string{"netns", "exec", n.name}, args...)...)
}

// start starts a program that is ended with the test.
func (n *namespace) start(args ...string) {
	n.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, "ip", append([]string{"netns", "exec", n.name}, args...)...)
	if err := cmd.Start(); err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() { cancel(); _ = cmd.Wait() })
}

// run runs a program and returns what it prints.
func (n *namespace) run(args ...string) string {
	n.t.Helper()
	out, err := n.command(args...).CombinedOutput()
	if err != nil {
		n.t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// link opens the device. Only the thread that does so has to be in the namespace.
func (n *namespace) link() netstack.Link {
	n.t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	home, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		n.t.Fatal(err)
	}
	defer home.Close()
	there, err := os.Open("/var/run/netns/" + n.name)
	if err != nil {
		n.t.Fatal(err)
	}
	defer there.Close()
	if err := unix.Setns(int(there.Fd()), unix.CLONE_NEWNET); err != nil {
		n.t.Fatal(err)
	}
	open := netstack.OpenTAP
	if strings.HasPrefix(n.device, "tun") {
		open = netstack.OpenTUN
	}
	l, err := open(n.device)
	if back := unix.Setns(int(home.Fd()), unix.CLONE_NEWNET); back != nil {
		panic(back) // the thread must not be used for anything else
	}
	if err != nil {
		n.t.Fatal(err)
	}
	return l
}
