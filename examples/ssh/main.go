// Ssh carries HTTP in the channels of one SSH connection: a port of SSH is all that has to be open. See README.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "ssh:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	if len(args) == 0 {
		return errors.New("usage: ssh serve | ssh get -to ADDR -host FINGERPRINT -password PASSWORD [PATH ...]")
	}
	flags := flag.NewFlagSet("ssh "+args[0], flag.ContinueOnError)
	switch args[0] {
	case "serve":
		addr := flags.String("listen", "127.0.0.1:2022", "where to listen")
		if err := flags.Parse(args[1:]); err != nil {
			return err
		}
		return serve(ctx, *addr, out)
	case "get":
		var to target
		flags.StringVar(&to.addr, "to", "127.0.0.1:2022", "where the server listens")
		flags.StringVar(&to.host, "host", "", "the fingerprint of its key")
		flags.StringVar(&to.password, "password", "", "the password that it has printed")
		if err := flags.Parse(args[1:]); err != nil {
			return err
		}
		if to.host == "" {
			return errors.New("-host FINGERPRINT says whose key the server has to have: `ssh serve` prints it")
		}
		return get(ctx, to, flags.Args(), out)
	}
	return fmt.Errorf("there is no command %q", args[0])
}
