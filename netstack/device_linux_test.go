package netstack_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/netip"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/internal/testkit"
	"github.com/paf-go/paf/netstack"
)

// station is a stack on a namespace's device.
func station(t *testing.T, l netstack.Link) *netstack.Stack {
	s := newStack(t, l, configOf(stationV4+"/24", stationV6+"/64"))
	if s == nil {
		t.FailNow()
	}
	return s
}

// content is what servers of these tests serve.
func content(size int) []byte {
	p := make([]byte, size)
	for i := range p {
		p[i] = byte(i>>16 ^ i>>8 ^ i)
	}
	return p
}

// TestTheKernelsCurlGetsAllOverABadLine loses, delays and reorders the packets between the device and the stack, in both directions, while a
// hundred curls download.
func TestTheKernelsCurlGetsAllOverABadLine(t *testing.T) {
	testkit.Need(t, "curl")
	n := newNamespace(t, "tap0")
	l := n.link()
	line := newLossy(l.Carrier, weather{delay: 20 * time.Millisecond, loss: .02, late: .05, lateFor: 5 * time.Millisecond}, 9)
	l.Carrier = line
	s := station(t, l)
	body := content(downloadSize)
	// A hundred share what a busy machine leaves of the line: one may get on slowly, but is not given up.
	serve(t, s, &paf.Server{WriteTimeout: -1, Handler: paf.HandlerFunc(func(w *paf.ResponseWriter, _ *paf.Request) { _, _ = w.Write(body) })})
	downloads(t, 100, body, func(i int) *exec.Cmd {
		host := []string{stationV4, "[" + stationV6 + "]"}[i%2]
		return n.command("curl", "-sSg", "--max-time", "300", "http://"+host+"/")
	})
	if line.in.losses() == 0 || line.out.losses() == 0 {
		t.Error("nothing was lost")
	}
	t.Logf("%d packets were lost on their way to the stack, %d on their way from it; %+v", line.in.losses(), line.out.losses(), s.Stats())
}

// downloads runs many commands at the same time and compares the digests of what they print.
func downloads(t *testing.T, count int, want []byte, command func(i int) *exec.Cmd) {
	t.Helper()
	var group sync.WaitGroup
	for i := range count {
		group.Go(func() {
			cmd := command(i)
			sum, said := sha256.New(), &strings.Builder{}
			cmd.Stdout, cmd.Stderr = sum, said
			if err := cmd.Run(); err != nil {
				t.Errorf("%v: %s", err, said)
			} else if [32]byte(sum.Sum(nil)) != sha256.Sum256(want) {
				t.Errorf("download %d is not what was served", i)
			}
		})
	}
	group.Wait()
}

func TestNamesOfDevicesAreShort(t *testing.T) {
	for _, open := range []func(string) (netstack.Link, error){netstack.OpenTAP, netstack.OpenTUN} {
		if _, err := open("tap-of-sixteen-b"); err == nil || !strings.Contains(err.Error(), "its name has 16 bytes, and that of a device no more than 15") {
			t.Error(err)
		}
	}
}

func TestATUNCarriesBothFamilies(t *testing.T) {
	testkit.Need(t, "ping")
	n := newNamespace(t, "tun0")
	s := station(t, n.link())
	for _, host := range []string{stationV4, stationV6} {
		n.run("ping", "-c", "3", "-i", "0.01", "-W", "5", host)
	}
	serve(t, s, &paf.Server{Handler: paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) {
		fmt.Fprint(w, "over a TUN")
		if r.Path == "/options" { // as the kernel sees them
			out, err := n.command("ss", "-Htino", "dst", stationV4).CombinedOutput()
			fmt.Fprintf(w, "%s, %v", out, err)
		}
	})})
	if got := n.run("curl", "-sS", "http://"+stationV4+"/options"); !strings.Contains(got, " sack ") || !strings.Contains(got, "wscale:") || !strings.Contains(got, " ts ") {
		t.Errorf("no SACK, window scaling or timestamps were agreed on: %s", got)
	}
	for _, host := range []string{stationV4, "[" + stationV6 + "]"} {
		if got := n.run("curl", "-sSg", "http://"+host+"/"); got != "over a TUN" {
			t.Errorf("%q", got)
		}
	}
}

// TestDnsmasqGivesAddressesRoutesAndNames has a server of DHCP and DNS, which announces itself as a router of IPv6 too, on the other side.
func TestDnsmasqGivesAddressesRoutesAndNames(t *testing.T) {
	testkit.Need(t, "dnsmasq")
	n := newNamespace(t, "tap0")
	n.start("dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--pid-file=", "--interface=tap0", "--bind-interfaces",
		"--user=root", "--no-ping", "--no-resolv", "--no-hosts", "--dhcp-authoritative", "--dhcp-leasefile="+filepath.Join(t.TempDir(), "leases"),
		"--dhcp-range=10.77.0.50,10.77.0.50,2m", "--dhcp-range=::,constructor:tap0,ra-only", "--enable-ra",
		"--address=/server.test/"+kernelV4, "--address=/server.test/"+kernelV6, "--local=/test/",
		"--address=/half.test/fd77::dead", "--address=/half.test/"+kernelV4)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s, err := netstack.New(ctx, n.link(), netstack.Config{
		DHCP: true, SLAAC: true, Log: quiet,
		DNS: []netip.AddrPort{netip.MustParseAddrPort(kernelV4 + ":5")}, // where nobody answers: the next one has to be asked
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var has []string
	for _, p := range s.Addresses() {
		has = append(has, p.Masked().String())
	}
	if !slices.Contains(has, "10.77.0.0/24") || !slices.Contains(has, "fd77::/64") {
		t.Fatalf("the stack has %v", s.Addresses())
	}
	for network, want := range map[string]string{"ip4": kernelV4, "ip6": kernelV6} {
		got, err := s.Resolver().LookupNetIP(ctx, network, "server.test")
		if err != nil || len(got) != 1 || got[0].Unmap().String() != want {
			t.Errorf("server.test of %s is %v, %v", network, got, err)
		}
	}
	if _, err := s.Resolver().LookupNetIP(ctx, "ip", "none.test"); err == nil {
		t.Error("a name that is not there was found")
	}
	// Over TCP, to a name: dnsmasq answers at port 53.
	c, err := s.DialContext(ctx, "tcp", "server.test:53")
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Close()
	// Of two addresses the one that nobody has does not hold up the other.
	if c, err = s.DialContext(ctx, "tcp", "half.test:53"); err != nil || c.RemoteAddr().String() != kernelV4+":53" {
		t.Fatalf("half.test: %v, %v", c, err)
	}
	_ = c.Close()
	// What is not on the link goes to the router, who knows no way: an answer of its own says that it got there.
	n.run("ip", "address", "add", "198.51.100.1/32", "dev", "lo")
	if c, err = s.DialContext(ctx, "tcp", "198.51.100.1:53"); err == nil {
		_ = c.Close()
	} else if !strings.Contains(err.Error(), "refused") {
		t.Errorf("by the gateway: %v", err)
	}
}
