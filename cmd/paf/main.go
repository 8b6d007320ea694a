package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"

	"github.com/paf-go/paf/cmd/paf/internal/exit"
	"github.com/paf-go/paf/cmd/paf/internal/terminal"
	"github.com/urfave/cli/v3"
)

func main() { os.Exit(int(run(os.Args, os.Stdin, os.Stdout, os.Stderr))) }

// run is the program with its streams, from its arguments to its exit status.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) exit.Code {
	ctx, stop := untilSignal(context.Background())
	defer stop()
	err := emptyList(args)
	if err == nil {
		err = program(stdin, stdout, stderr).Run(ctx, args)
	}
	for _, err := range each(err) {
		if err.Error() != "" { // else there is nobody to tell
			// What a server has sent may be cited: a reason phrase, a Location, the names in a certificate.
			fmt.Fprintf(stderr, "paf: %s\n", terminal.Visible(strings.TrimPrefix(err.Error(), "paf: ")))
		}
	}
	var usage *usageError
	var asked cli.ExitCoder // an error of `paf help`
	switch {
	case errors.As(err, &usage):
		fmt.Fprintf(stderr, "Run %q for what there is.\n", usage.help)
		return exit.Usage
	case errors.As(err, &asked):
		return exit.Usage
	}
	return exit.CodeOf(err)
}

// joined is what errors.Join makes: errors that are told one after the other.
var joined = reflect.TypeOf(errors.Join(errors.ErrUnsupported))

// each returns the errors that were joined, none for nil.
func each(err error) (all []error) {
	switch {
	case err == nil:
		return nil
	case reflect.TypeOf(err) != joined:
		return []error{err}
	}
	for _, err := range err.(interface{ Unwrap() []error }).Unwrap() {
		all = append(all, each(err)...)
	}
	return all
}
