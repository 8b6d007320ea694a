package main

import (
	"testing"
	"time"
)

func TestTimesAreSecondsOrHaveUnits(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"": 0, "0": 0, "1": time.Second, "1.5": 1500 * time.Millisecond, "2m": 2 * time.Minute, "1m30s": 90 * time.Second,
		"-1": -1, "-1s": -1, "soon": -1, "1e300": -1, "NaN": -1, "Inf": -1, "1 s": -1,
	} {
		d, ok := seconds(text)
		if ok != (want >= 0) || ok && d != want {
			t.Errorf("%q is %v, %t", text, d, ok)
		}
	}
}
