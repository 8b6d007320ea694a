package main

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	"github.com/paf-go/paf/cmd/paf/internal/exit"
	"github.com/paf-go/paf/cmd/paf/internal/load/record"
	"github.com/paf-go/paf/cmd/paf/internal/load/report"
	"github.com/urfave/cli/v3"
	"golang.org/x/term"
)

// This file is what becomes of what was measured.

// liveView returns what shows a run while it goes on.
func liveView(w io.Writer) func(context.Context, *record.Recorder, func() int64) {
	return func(ctx context.Context, r *record.Recorder, clock func() int64) {
		var size func() (columns, lines int)
		if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
			size = func() (int, int) {
				columns, lines, err := term.GetSize(int(f.Fd()))
				if err != nil || columns == 0 || lines == 0 { // as some say that do not know
					return 80, 24
				}
				return columns, lines
			}
		}
		live := report.NewLive(w, size)
		defer live.Close()
		t := time.NewTicker(live.Every())
		defer t.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-t.C:
			}
			if now := clock(); now > 0 && live.Show(r.Snapshot(now)) != nil {
				return
			}
		}
	}
}

// writeRun prints a run, and writes it to the files that were asked for.
func writeRun(cmd *cli.Command, r *record.Run) error {
	text := cmd.Root().Writer
	var failed []error
	for _, output := range []struct {
		flag  string
		write func(io.Writer) error
	}{
		{"json", r.Write}, {"csv", r.WriteCSV}, {"hgrm", r.WriteHGRM},
		{"html", func(w io.Writer) error { return report.Page(w, r) }},
	} {
		name := cmd.String(output.flag)
		if name == "-" {
			text = cmd.Root().ErrWriter
		}
		if name != "" {
			failed = append(failed, writeTo(cmd, name, output.write))
		}
	}
	if err := report.Text(text, r); err != nil {
		failed = append(failed, exit.Errorf(exit.Write, "cannot print the report: %w", err))
	}
	return errors.Join(failed...)
}

// writeTo writes to a file, or to standard output if its name is "-".
func writeTo(cmd *cli.Command, name string, write func(io.Writer) error) error {
	if name == "-" {
		if err := write(cmd.Root().Writer); err != nil {
			return exit.Errorf(exit.Write, "cannot write to standard output: %w", err)
		}
		return nil
	}
	f, err := os.Create(name)
	if err == nil {
		err = errors.Join(write(f), f.Close())
	}
	if err != nil {
		return exit.Errorf(exit.Write, "cannot write the output: %w", err)
	}
	return nil
}

// readRuns reads what --json has written.
func readRuns(cmd *cli.Command) (runs []report.Named, err error) {
	for _, name := range cmd.Args().Slice() {
		r, err := record.ReadFile(name)
		if err != nil {
			return nil, exit.Errorf(exit.Read, "cannot read a run: %w", err)
		}
		runs = append(runs, report.Named{Name: name, Run: r})
	}
	return runs, nil
}

func mergeRuns(cmd *cli.Command, bounds bounds) error {
	if cmd.NArg() == 0 {
		return usagef(cmd, "--merge needs the files that --json has written")
	}
	named, err := readRuns(cmd)
	if err != nil {
		return err
	}
	var runs []*record.Run
	for _, n := range named {
		runs = append(runs, n.Run)
	}
	merged, err := record.Merge(runs...)
	if err != nil {
		return err
	}
	return errors.Join(writeRun(cmd, merged), bounds.check(merged))
}

func compareRuns(cmd *cli.Command) error {
	if cmd.NArg() != 2 {
		return usagef(cmd, "--compare needs two files that --json has written, not %d", cmd.NArg())
	}
	runs, err := readRuns(cmd)
	if err != nil {
		return err
	}
	c, text := report.Compare(runs[0], runs[1]), cmd.Root().Writer
	if name := cmd.String("html"); name != "" {
		if err := writeTo(cmd, name, func(w io.Writer) error { return report.ComparisonPage(w, c) }); err != nil {
			return err
		}
		if name == "-" {
			text = cmd.Root().ErrWriter
		}
	}
	if err := c.Text(text); err != nil {
		return exit.Errorf(exit.Write, "cannot print the comparison: %w", err)
	}
	return nil
}
