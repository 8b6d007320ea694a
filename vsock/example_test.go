package vsock_test

import (
	"context"
	"fmt"
	"log"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/vsock"
)

// A virtual machine serves whoever leads to it, and its host asks it by the number that the host has given it.
func Example() {
	inTheMachine := func(ctx context.Context) error {
		ln, err := vsock.Listen(vsock.Addr{CID: vsock.Any, Port: 1024})
		if err != nil {
			return err
		}
		server := &paf.Server{Handler: paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) {
			fmt.Fprintf(w, "You are %v.\n", r.Peer())
		})}
		return server.Serve(ctx, ln)
	}
	onTheHost := func(ctx context.Context) error {
		client := paf.Client{Context: vsock.Context(vsock.Addr{CID: 3, Port: 1024})}
		defer client.Close()
		resp, err := client.Get(ctx, "http://machine/")
		if err != nil {
			return err
		}
		fmt.Println(resp.Status)
		return resp.Body.Close()
	}
	run := inTheMachine
	if cid, err := vsock.ContextID(); err == nil && cid == vsock.Host {
		run = onTheHost
	}
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func ExampleParseAddr() {
	for _, text := range []string{"3:1024", "1024", "machine:1024"} {
		addr, err := vsock.ParseAddr(text)
		fmt.Println(addr, addr.CID == vsock.Any, err)
	}
	// Output:
	// 3:1024 false <nil>
	// 1024 true <nil>
	// 0:0 false address machine:1024: a context identifier is a number below 2^32
}
