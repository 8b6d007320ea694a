package netstack_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/netip"
	"os"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/netstack"
)

// Two stacks in memory: a server on one, a client on the other. Neither asks the kernel for anything.
func Example() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	here, there := netstack.Pair()
	one, err := netstack.New(ctx, here, netstack.Config{Addresses: []netip.Prefix{netip.MustParsePrefix("fd00::1/64")}})
	if err != nil {
		log.Fatal(err)
	}
	defer one.Close()
	two, err := netstack.New(ctx, there, netstack.Config{Addresses: []netip.Prefix{netip.MustParsePrefix("fd00::2/64")}})
	if err != nil {
		log.Fatal(err)
	}
	defer two.Close()

	ln, err := two.Listen("tcp", ":80")
	if err != nil {
		log.Fatal(err)
	}
	server := &paf.Server{Handler: paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) {
		fmt.Fprintln(w, "You are not on the kernel's network.")
	})}
	served := make(chan error, 1)
	go func() { served <- server.Serve(ctx, ln) }()

	client := paf.Client{Context: one.Context(paf.Host, paf.Port)}
	resp, err := client.Get(ctx, "http://[fd00::2]/")
	if err != nil {
		log.Fatal(err)
	}
	_, _ = io.Copy(os.Stdout, resp.Body)
	_ = resp.Body.Close()
	client.Close()
	cancel()
	fmt.Println(<-served)
	// Output:
	// You are not on the kernel's network.
	// <nil>
}

// A station on a TAP device, with what a server of DHCP and a router of IPv6 give it.
func ExampleOpenTAP() {
	link, err := netstack.OpenTAP("tap0")
	if err != nil {
		log.Fatal(err)
	}
	s, err := netstack.New(context.Background(), link, netstack.Config{DHCP: true, SLAAC: true})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	ln, err := s.Listen("tcp", ":80")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println((&paf.Server{}).Serve(context.Background(), ln))
}
