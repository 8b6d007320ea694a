package main

import (
	"context"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/urfave/cli/v3"
)

// commands returns the commands, in the order of the help.
func commands() []*cli.Command {
	return []*cli.Command{
		serveCommand(),
		getCommand(),
		loadCommand(),
		proxyCommand(),
		certCommand(),
	}
}

// program returns the whole program as a command.
func program(stdin io.Reader, stdout, stderr io.Writer) *cli.Command {
	root := &cli.Command{
		Name:                  "paf",
		Usage:                 "serve, fetch, load and pass on over HTTP",
		UsageText:             "paf COMMAND [options] [arguments]",
		Description:           "paf help COMMAND says more. An option may stand before or after the arguments.",
		Version:               version(),
		Commands:              commands(),
		Reader:                stdin,
		Writer:                stdout,
		ErrWriter:             stderr,
		EnableShellCompletion: true,
		ConfigureShellCompletionCommand: func(c *cli.Command) {
			c.Hidden = false
			c.Usage = "print the completions of a shell: bash, zsh, fish or pwsh"
		},
		ExitErrHandler: func(context.Context, *cli.Command, error) {}, // run reports
		Action: func(_ context.Context, cmd *cli.Command) error {
			if name := cmd.Args().First(); name != "" {
				return unknownCommand(cmd, name)
			}
			return cli.ShowRootCommandHelp(cmd)
		},
	}
	equip(root)
	return root
}

// equip gives a command, and those below it, what all have.
func equip(cmd *cli.Command) {
	cmd.OnUsageError = wrongFlag
	cmd.DisableSliceFlagSeparator = true // a field's value may hold a comma
	cmd.UseShortOptionHandling = true
	for _, sub := range cmd.Commands {
		equip(sub)
	}
}

// A usageError is a mistake in the command line.
type usageError struct {
	message string
	help    string // the command that shows what is right
}

func (e *usageError) Error() string { return e.message }

// usagef says what is wrong with the command line of cmd.
func usagef(cmd *cli.Command, format string, args ...any) error {
	return &usageError{fmt.Sprintf(format, args...), cmd.FullName() + " --help"}
}

// wrongFlag says what is wrong with an option: which one comes closest to one that
// does not exist, or what its value should have been.
func wrongFlag(_ context.Context, cmd *cli.Command, err error, _ bool) error {
	message := err.Error()
	if name, ok := strings.CutPrefix(message, "flag provided but not defined: -"); ok {
		message = fmt.Sprintf("there is no option %q", dashed(name))
		if near := cli.SuggestFlag(cmd.Flags, name, false); alike(strings.TrimLeft(near, "-"), name) {
			message += fmt.Sprintf("; did you mean %q?", near)
		}
	} else if flag, ok := strings.CutPrefix(message, "flag needs an argument: "); ok {
		message = fmt.Sprintf("the option %q needs a value", flag)
	} else if rest, ok := strings.CutPrefix(message, "invalid value "); ok {
		value, rest, _ := strings.Cut(rest, " for flag -")
		name, _, _ := strings.Cut(rest, ":")
		message = fmt.Sprintf("the option %q takes %s, not %s", dashed(name), taken(cmd, name), value)
	}
	return usagef(cmd, "%s", message)
}

// alike reports whether somebody may have typed b for a: a letter or two are wrong, missing or too many.
func alike(a, b string) bool {
	return levenshtein.ComputeDistance(a, b) <= min(2, min(len(a), len(b))/3)
}

// taken says what values an option takes.
func taken(cmd *cli.Command, name string) string {
	for _, flag := range cmd.Flags {
		if !slices.Contains(flag.Names(), name) {
			continue
		}
		switch flag.(type) {
		case *cli.IntFlag:
			return "a whole number"
		case *cli.BoolFlag:
			return "true or false"
		}
	}
	return "another value"
}

func dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

func unknownCommand(cmd *cli.Command, name string) error {
	message := fmt.Sprintf("there is no command %q", name)
	if near := cli.SuggestCommand(cmd.Commands, name); alike(near, name) {
		message += fmt.Sprintf("; did you mean %q?", near)
	}
	return usagef(cmd, "%s", message)
}

// version returns the version of the module that the program was built from.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
