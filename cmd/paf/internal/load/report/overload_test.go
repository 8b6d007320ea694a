package report

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/paf-go/paf/cmd/paf/internal/load/record"
)

// queue records requests that are due at a rate for some seconds and take some time each on places of which there are so many. One that cannot be sent until the
// patience of its user is over has never been.
func queue(rate float64, seconds, places int, each, patience time.Duration) *record.Run {
	r := record.NewRecorder(record.Settings{Connections: places, Rate: rate, Duration: time.Duration(seconds) * time.Second}, began)
	s := r.Shard()
	free := make([]int64, places)
	var end int64
	for i := range int(rate) * seconds {
		due := int64(float64(i) / rate * 1e9)
		sent := max(due, free[i%places])
		if latest := int64(seconds)*1e9 + int64(patience); sent > latest {
			s.Failed(due, latest, record.Unsent, errors.New("never sent"))
			continue
		}
		free[i%places] = sent + int64(each)
		end = max(end, free[i%places])
		s.InFlight(sent, 1)
		s.Done(due, sent, free[i%places], free[i%places], 200, 1, 1)
		s.InFlight(free[i%places], -1)
	}
	return r.Run(end)
}

// TestOverloadNamesWhatWasTooLittle: connections that were all busy, or else what is not they.
func TestOverloadNamesWhatWasTooLittle(t *testing.T) {
	for name, c := range map[string]struct {
		run  *record.Run
		says string
	}{
		"enough":                       {queue(50, 2, 30, 500*time.Millisecond, time.Minute), ""},
		"one slow answer is the last":  {queue(1, 2, 5, 3*time.Second, time.Minute), ""},
		"too few":                      {queue(50, 2, 2, 500*time.Millisecond, time.Minute), "Of the 50 requests a second that were due, 4 were answered: all 2 connections were busy all the time. Take more (-c)"},
		"too few, and most never sent": {queue(50, 2, 2, 500*time.Millisecond, time.Second), "Of the 50 requests a second that were due, 3.71 were answered: all 2"},
		"one":                          {queue(50, 2, 1, 500*time.Millisecond, time.Second), "2 were answered: the one connection was busy"},
	} {
		got := overload(c.run)
		if c.says == "" && got != "" || !strings.HasPrefix(got, c.says) && !strings.Contains(got, c.says) {
			t.Errorf("%s: %q, not %q", name, got, c.says)
		}
	}
	fewer := queue(36, 3, 10, time.Millisecond, time.Second)
	fewer.Settings.Rate, fewer.Settings.Arrivals = 40, "constant"
	if got := overload(fewer); !strings.Contains(got, "though 10 connections were busy for") {
		t.Errorf("%q", got)
	}
	if fewer.Settings.Arrivals = "poisson"; overload(fewer) != "" {
		t.Errorf("36 arrivals at random where 40 were to be expected: %q", overload(fewer))
	}
	idle := queue(100, 2, 10, time.Millisecond, time.Second)
	idle.Settings.Rate = 1000 // of which this machine has sent a tenth
	if got := overload(idle); !strings.Contains(got, "100 were answered, though 10 connections were busy for 1 % of the time only: this machine") {
		t.Errorf("%q", got)
	}
}
