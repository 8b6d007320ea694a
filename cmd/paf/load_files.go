package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/paf-go/paf/cmd/paf/internal/exit"
	"github.com/paf-go/paf/cmd/paf/internal/load/record"
	"github.com/paf-go/paf/cmd/paf/internal/load/report"
	"github.com/urfave/cli/v3"
)

// This file is where that is written to.

// A writer writes something of what was measured.
type writer = func(io.Writer) error

// An output is the file that a flag names, or standard output.
type output struct {
	flag, name string
	to         io.Writer
	file       *os.File // nil for standard output, and once it is closed
	made       bool     // there was no such file
}

// outputs are those of a command. They are open before anything is measured: an hour of load is not for a name that cannot be written.
type outputs struct {
	all  []*output
	text io.Writer // for the report: standard error if another output has standard output
}

// openOutputs opens the files that the flags name. What one held is in it until something else is written.
func openOutputs(cmd *cli.Command) (*outputs, error) {
	o := &outputs{text: cmd.Root().Writer}
	for _, flag := range []string{"json", "csv", "hgrm", "html"} {
		if !cmd.IsSet(flag) {
			continue
		}
		if err := o.open(cmd, flag, cmd.String(flag)); err != nil {
			o.close()
			return nil, err
		}
	}
	return o, nil
}

// open opens what one flag names.
func (o *outputs) open(cmd *cli.Command, flag, name string) error {
	for _, other := range o.all {
		if filepath.Clean(other.name) == filepath.Clean(name) {
			return usagef(cmd, "--%s and --%s are both to be written to %q", other.flag, flag, name)
		}
	}
	out := &output{flag: flag, name: name, to: cmd.Root().Writer}
	switch name {
	case "":
		return usagef(cmd, "the option \"--%s\" takes the name of a file, or -", flag)
	case "-":
		o.text = cmd.Root().ErrWriter
	default:
		if err := out.openFile(); err != nil {
			return exit.Errorf(exit.Write, "cannot write the output: %w", err)
		}
	}
	o.all = append(o.all, out)
	return nil
}

func (o *output) openFile() (err error) {
	o.file, err = os.OpenFile(o.name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if o.made = err == nil; errors.Is(err, fs.ErrExist) {
		o.file, err = os.OpenFile(o.name, os.O_WRONLY|os.O_CREATE, 0o666)
	}
	o.to = o.file
	return err
}

// writeRun prints a run, and writes it to the files that were asked for.
func (o *outputs) writeRun(r *record.Run) error {
	return o.write(func(w io.Writer) error { return report.Text(w, r) }, map[string]writer{
		"json": r.Write, "csv": r.WriteCSV, "hgrm": r.WriteHGRM, "html": func(w io.Writer) error { return report.Page(w, r) },
	})
}

// write fills the outputs, each with what is there for its flag, and prints the text.
func (o *outputs) write(text writer, by map[string]writer) error {
	var failed []error
	for _, out := range o.all {
		if err := out.write(by[out.flag]); err != nil {
			failed = append(failed, exit.Errorf(exit.Write, "cannot write the output: %w", err))
		}
	}
	if err := text(o.text); err != nil {
		failed = append(failed, exit.Errorf(exit.Write, "cannot print the report: %w", err))
	}
	return errors.Join(failed...)
}

func (o *output) write(write writer) error {
	if o.file == nil {
		if err := write(o.to); err != nil {
			return fmt.Errorf("standard output: %w", err)
		}
		return nil
	}
	defer func() { o.file = nil }()
	if info, err := o.file.Stat(); err == nil && info.Mode().IsRegular() { // a pipe and a device hold nothing
		if err := o.file.Truncate(0); err != nil {
			return errors.Join(err, o.file.Close())
		}
	}
	return errors.Join(write(o.file), o.file.Close())
}

// close closes what nothing was written to. Files that were not there before go again.
func (o *outputs) close() {
	for _, out := range o.all {
		if out.file == nil {
			continue
		}
		out.file.Close()
		if out.made {
			os.Remove(out.name)
		}
	}
}
