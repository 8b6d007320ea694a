package report

import (
	"slices"
	"testing"
	"time"

	"github.com/paf-go/paf/cmd/paf/internal/load/record"
)

// The rate of runs that were not at the same time is not what a server was asked for, and neither it nor a machine is to blame.
func TestMergedRunsThatWereApartAreRemarked(t *testing.T) {
	run := func(from, length time.Duration) *record.Run {
		r := record.NewRecorder(record.Settings{Rate: 100, Connections: 1}, began.Add(from))
		s := r.Shard()
		for at := time.Duration(0); at < length; at += 10 * time.Millisecond {
			s.Done(int64(at), int64(at), int64(at)+1, int64(at)+2, 200, 1, 1)
		}
		return r.Run(int64(length))
	}
	const second = time.Second
	for _, c := range []struct {
		runs []*record.Run
		want []string
	}{
		{[]*record.Run{run(0, 5*second)}, nil},
		{[]*record.Run{run(0, 5*second), run(100*time.Millisecond, 5*second)}, []string{"Merged from 2 runs."}},
		{[]*record.Run{run(0, 5*second), run(2*second, 5*second)}, []string{
			"Merged from 2 runs.", "They were all at the same time for 3 s of 7 s only: what is said of a second is of the whole span, and connections are added up all the same."}},
		{[]*record.Run{run(0, 5*second), run(5100*time.Millisecond, 4*second), run(0, 9*second)}, []string{
			"Merged from 3 runs.", "They were not at the same time, the run that began at 2026-03-04T05:06:07.25Z ended 100 ms before the run that began at " +
				"2026-03-04T05:06:12.35Z began: what is said of a second is of the whole span, and connections are added up all the same."}},
	} {
		r, err := record.Merge(c.runs...)
		if err != nil {
			t.Fatal(err)
		}
		if got := remarks(r); !slices.Equal(got, c.want) {
			t.Errorf("%q, not %q", got, c.want)
		}
	}
}
