package report

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/paf-go/paf/cmd/paf/internal/load/record"
)

// enough is which part of the requests that are due has to be sent by a run that keeps up.
const enough = 0.97

// busyAll is which part of the places for requests is taken where all are said to be: now and then one is free for a moment.
const busyAll = 0.9

// overload says that fewer requests were sent than were due, and what held them up: "" if nothing did.
func overload(r *record.Run) string {
	asked := r.Settings.Rate
	if _, ramp := r.Settings.Options["--ramp"]; asked <= 0 || ramp || !atOneTime(r) || r.Length <= 0 || keptUp(r) {
		return ""
	}
	text := fmt.Sprintf("Of the %s requests a second that were due, %s were answered", figure(asked), figure(r.Rate()))
	all := plural(int64(r.Settings.Connections), "connection")
	if r.Settings.Streams > 1 {
		all += " with " + atOnce(&r.Settings)
	}
	if share := busy(r); share < busyAll {
		return text + fmt.Sprintf(", though %s were busy for %s of the time only: this machine, or what the server takes at once, held them up.", all, percent(share))
	}
	if r.Settings.Connections == 1 {
		return text + ": the one connection was busy all the time. Take more (-c), unless the server can do no more."
	}
	return text + fmt.Sprintf(": all %s were busy all the time. Take more (-c), unless the server can do no more.", all)
}

// keptUp reports whether the requests of an open loop were sent when they were due. What the last ones took when all was sent does not make it slower.
func keptUp(r *record.Run) bool {
	var unsent int64
	if f := r.Failures[record.Unsent]; f != nil {
		unsent = f.Count
	}
	all := r.Answered() + r.FailedCount()
	last := r.Service.Max()
	if unsent == 0 {
		last = max(last, r.Failed.Max())
	}
	span := max(r.Length-time.Duration(last), min(r.Length, r.Settings.Duration))
	due := r.Settings.Rate * span.Seconds()
	if strings.Contains(r.Settings.Arrivals, "poisson") { // then how many are due is a matter of chance
		due -= 3 * math.Sqrt(due)
	}
	return float64(unsent) <= (1-enough)*float64(all) && float64(all-unsent) >= enough*due
}

// busy returns which part of the places for requests was taken, on average.
func busy(r *record.Run) float64 {
	var sum float64
	for i := range r.Seconds {
		sum += float64(r.Seconds[i].Busy)
	}
	return sum / float64(r.Length) / float64(max(1, r.Settings.Connections)) / float64(max(1, r.Settings.Streams))
}
