package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
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
	if err := unasked(cmd, "compare", "html", "max-slower", "quiet"); err != nil {
		return err
	}
	most, err := maxSlower(cmd)
	if err != nil {
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
	bounded := cmd.IsSet("max-slower")
	if bounded {
		c.Bound(most)
	}
	err = out.write(c.Text, map[string]writer{"html": func(w io.Writer) error { return report.ComparisonPage(w, c) }})
	if bounded {
		err = errors.Join(err, keptTo(c, most))
	}
	return err
}

// maxSlower reads --max-slower: 5% is 0.05.
func maxSlower(cmd *cli.Command) (float64, error) {
	text := cmd.String("max-slower")
	if !cmd.IsSet("max-slower") {
		return 0, nil
	}
	share, is := strings.CutSuffix(text, "%")
	percent, err := strconv.ParseFloat(strings.TrimSpace(share), 64)
	if !is || err != nil || !(percent >= 0 && percent <= 1e6) {
		return 0, usagef(cmd, "the option \"--max-slower\" takes a share (as 5%%), not %q", text)
	}
	return percent / 100, nil
}

// keptTo says by what a comparison breaks --max-slower.
func keptTo(c *report.Comparison, most float64) error {
	slower, told := c.Slower(most)
	if !told {
		return exit.Errorf(exit.Failure, "no time could be tested, so it is not known whether %q keeps to --max-slower %.6g%%: take longer runs", c.B.Name, most*100)
	}
	var broken []string
	for _, f := range slower {
		broken = append(broken, fmt.Sprintf("%s from %s to %s", f.Name, f.TextA(), f.TextB()))
	}
	if len(broken) == 0 {
		return nil
	}
	return exit.Errorf(exit.Failure, "%q is worse than %q by more than --max-slower %.6g%%: %s", c.B.Name, c.A.Name, most*100, strings.Join(broken, ", "))
}
