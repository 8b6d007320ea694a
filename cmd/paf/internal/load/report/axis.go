package report

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// An axis maps figures to places, from 0 to 1.
type axis struct {
	log    bool
	lo, hi float64
	step   float64 // between ticks, if it is not logarithmic
}

// A tick is a figure that is named at an axis.
type tick struct {
	At    string // percent of the axis
	Label string
	Minor bool // left out where there is little room
	place float64
}

// fromZero is a linear axis from 0 to a round figure that is not below most, in some steps at most.
func fromZero(most float64, steps int) axis {
	if most <= 0 {
		return axis{hi: 1, step: 1}
	}
	step := niceStep(most / float64(steps))
	return axis{hi: math.Ceil(most/step*(1-1e-9)) * step, step: step}
}

// forTimes is an axis for nanoseconds from lo to hi: logarithmic if these lie far apart.
func forTimes(lo, hi float64) axis {
	lo = max(lo, 1)
	if hi < 20*lo {
		return fromZero(hi, 6)
	}
	return axis{log: true, lo: roundDown(lo), hi: niceStep(hi)}
}

// roundDown returns the highest of 1, 2 and 5 times a power of ten that is not above v.
func roundDown(v float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{5, 2} {
		if m*power <= v*(1+1e-9) {
			return m * power
		}
	}
	return power
}

// at returns the place of a figure.
func (a axis) at(v float64) float64 {
	place := (v - a.lo) / (a.hi - a.lo)
	if a.log {
		place = math.Log(max(v, a.lo)/a.lo) / math.Log(a.hi/a.lo)
	}
	return max(0, min(1, place))
}

// ticks names some figures of the axis.
func (a axis) ticks(name func(float64) string) (all []tick) {
	if !a.log {
		for i := 0; a.lo+float64(i)*a.step <= a.hi*(1+1e-9); i++ {
			v := a.lo + float64(i)*a.step
			all = append(all, tickAt(a.at(v), name(v), false))
		}
		return all
	}
	steps := []float64{1}
	if a.hi/a.lo <= 10_001 {
		steps = []float64{1, 2, 5}
	}
	for decade := math.Pow(10, math.Floor(math.Log10(a.lo))); decade <= a.hi*(1+1e-9); decade *= 10 {
		for _, m := range steps {
			if v := decade * m; v >= a.lo*(1-1e-9) && v <= a.hi*(1+1e-9) {
				all = append(all, tickAt(a.at(v), name(v), m > 1))
			}
		}
	}
	return all
}

func tickAt(place float64, label string, minor bool) tick {
	return tick{At: percentOf(place), Label: label, Minor: minor, place: place}
}

// End reports whether a tick is at the end of its axis, where its label has no room on the other side.
func (t tick) End() bool { return t.place > 0.97 }

// percentOf writes a place for a style sheet.
func percentOf(place float64) string {
	return strings.TrimSuffix(strings.TrimRight(strconv.FormatFloat(place*100, 'f', 3, 64), "0"), ".")
}

// clock names moments of a run of some length: "0", "10 s", "1.5 min". Every second is minor.
func clock(length time.Duration) (all []tick) {
	const most = 10
	unit, name := time.Second, " s"
	switch {
	case length >= 3*time.Hour:
		unit, name = time.Hour, " h"
	case length >= 3*time.Minute:
		unit, name = time.Minute, " min"
	}
	units := float64(length) / float64(unit)
	step := niceStep(units / most)
	for i := 0; float64(i)*step <= units*(1+1e-9); i++ {
		v := float64(i) * step
		label := figure(v) + name
		if i == 0 {
			label = "0"
		}
		all = append(all, tickAt(v/units, label, i%2 == 1))
	}
	return all
}

// nines names the percentiles of an axis on which 90 %, 99 %, 99.9 % are at the same distance, up to a part of 10^-decades.
func nines(decades float64) (all []tick) {
	for n, label := range []string{"0 %", "90 %", "99 %", "99.9 %", "99.99 %", "99.999 %", "99.9999 %"} {
		if place := float64(n) / decades; place <= 1+1e-9 {
			all = append(all, tickAt(place, label, decades > 4 && n%2 == 1))
		}
		if n == 0 && decades <= 3 {
			all = append(all, tickAt(math.Log10(2)/decades, "50 %", true))
		}
	}
	return all
}
