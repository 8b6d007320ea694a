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
	if err := unasked(cmd, "merge", "json", "csv", "hgrm", "html", "max-p99", "max-errors", "quiet"); err != nil {
		return err
	}
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
	out, err := openOutputs(cmd)
	if err != nil {
		return err
	}
	return errors.Join(out.writeRun(merged), bounds.check(merged))
}

func compareRuns(cmd *cli.Command) error {
	if err := unasked(cmd, "compare", "html", "quiet"); err != nil {
		return err
	}
	if cmd.NArg() != 2 {
		return usagef(cmd, "--compare needs two files that --json has written, not %d", cmd.NArg())
	}
	runs, err := readRuns(cmd)
	if err != nil {
		return err
	}
	out, err := openOutputs(cmd)
	if err != nil {
		return err
	}
	c := report.Compare(runs[0], runs[1])
	return out.write(c.Text, map[string]writer{"html": func(w io.Writer) error { return report.ComparisonPage(w, c) }})
}
