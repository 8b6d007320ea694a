package record

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// example returns a run with something of everything.
func example() *Run {
	r := NewRecorder(Settings{Target: "http://localhost/"}, began)
	var now int64
	tell(r.Shard(), began, doings([]byte(strings.Repeat("a script, twenty-four...", 5)+"a failed\x01\x02\x03\x04\x05\x06\x07\x08")), &now)
	r.Connected(1e6, 2e6)
	return r.Run(now)
}

func TestFilesThatAreNoRunsAreRefused(t *testing.T) {
	good := written(t, example())
	silent := example()
	silent.Length += 2 * time.Second
	silent.Seconds = append(silent.Seconds, Second{Unix: silent.End().Unix(), Latency: newHistogram(digitsPerSecond)})
	replaced := func(old, with string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("%q is not in %s", old, good)
		}
		return strings.Replace(good, old, with, 1)
	}
	for _, c := range []struct{ text, says string }{
		{"", "not a run of paf load, as --json writes it: it is empty"},
		{"GET / HTTP/1.1", "not a run of paf load, as --json writes it: invalid character 'G' looking for beginning of value at byte 1"},
		{good[:len(good)/2], "not a run of paf load, as --json writes it: it breaks off"},
		{good + "x", "not a run of paf load, as --json writes it: there is more after its end"},
		{"[]", "its \"format\" is not \"paf load run\""},
		{`{"log": {}}`, "its \"format\" is not \"paf load run\""},
		{replaced(`"version": 1`, `"version": 2`), "version 2 of the format, this paf reads version 1"},
		{replaced(`"latency": {`, `"latenz": {`), `"latency" is missing`},
		{replaced(`"latency": {`, `"latency": null, "l": {`), `"latency" is missing`},
		{replaced(`"hdr": "HIST`, `"hdr": "LIST`), `"hdr" is not a histogram`},
		{replaced(`"processes": 1`, `"processes": -1`), `"processes" is -1`},
		{replaced(`"processes": 1`, `"processes": 9007199254740993`), `"processes" is 9007199254740993`},
		{replaced(`"connections": 0`, `"connections": -1`), `"connections" is -1`},
		{replaced(`"connections": 0`, `"connections": 9007199254740993`), `"connections" is 9007199254740993`},
		{replaced(`"connections": 0`, `"connections": 0, "streams": -1`), `"streams" is -1`},
		{replaced(`"connections": 0`, `"connections": 0, "requests": -1`), `"requests" is -1`},
		{replaced(`"connections": 0`, `"connections": 0, "duration_ns": -1`), `"duration_ns" is -1`},
		{replaced(`"connections": 0`, `"connections": 0, "rate": -1`), `"rate" is -1`},
		{replaced(`"connections": 0`, `"connections": 0, "rate": 1e300`), `"rate" is 1e+300`},
		{written(t, silent), `has seen nothing`},
		{replaced(`"length_ns": `, `"length_ns": -`), `"length_ns" is -`},
		{replaced(`"statuses": {`, `"statuses": {"99": 1,`), `"statuses" has 1 for the status 99`},
		{replaced(`"unix": 1`, `"unix": 2`), `out of order or out of the run`},
		{replaced(`"busy_ns": `, `"busy_ns": -1`), `below zero`},
		{replaced(`"count": `, `"count": 9`), `times are in "hdr"`},
		{replaced(`"min_ns": `, `"min_ns": 99999`), `the times do not add up`},
		{replaced(`"start": "2026`, `"start": "yesterday`), `the run cannot be used`},
		{replaced(`"processes": 1`, `"processes": 1, "parts": [{"start": "1999-01-01T00:00:00Z"}]`), `"parts"[0] is out of the run`},
		{replaced(`"processes": 1`, `"processes": 1, "parts": [{"start": "2026-03-04T05:06:07.25Z", "failed": -1}]`), `"parts"[0] has a figure below zero`},
		{replaced(`"processes": 1`, `"processes": 1, "parts": [{"start": "2026-03-04T05:06:07.25Z"}]`), `the 1 parts have 0 answered and 0 failed requests; the run has`},
		{replaced(`"failures": {`, `"failures": {"x": {"count": 3},`), `by their kinds`},
		{replaced(`"processes": 1`, `"processes": 1, "unfinished": -1`), `"unfinished" is -1`},
		{replaced(`"resumed": `, `"resumed": 99`), `"resumed" is 99`},
		{replaced(`"refused": {`+"\n"+`  "status": `, `"refused": {"status": 1`), `"refused" has the status 1`},
		{replaced(`"content": "`, `"content": "`+strings.Repeat("x", 601)), `bytes of content, more than 600`},
		{replaced(`"bytes_in": `, `"bytes_in": 1`), `the seconds have`},
	} {
		run, err := Read(strings.NewReader(c.text))
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%.300q was read as %v, %v: not %q", c.text, run != nil, err, c.says)
		}
		if wrong := strings.HasPrefix(c.says, "not a run"); wrong && !errors.Is(err, ErrNotARun) {
			t.Errorf("%v is not ErrNotARun", err)
		}
	}
}

// What follows from the rest is there to be read by others, who may have changed it: what is shown is computed.
func TestFiguresOfAFileAreNotBelieved(t *testing.T) {
	run := example()
	text := written(t, run)
	figures := fmt.Sprintf(" \"requests\": %d,\n \"failed_share\": %v,\n \"requests_per_second\": %v,", run.Answered()+run.FailedCount(), run.FailedShare(), run.Rate())
	if run.FailedCount() == 0 || !strings.Contains(text, figures) {
		t.Fatalf("not %s:\n%s", figures, text)
	}
	for _, lie := range []string{"", ` "requests": 1, "failed_share": 0, "requests_per_second": 1e6,`, ` "requests": "many", "requests_per_second": null,`} {
		again, err := Read(strings.NewReader(strings.Replace(text, figures, lie, 1)))
		if err != nil {
			t.Fatal(err)
		}
		if written(t, again) != text {
			t.Errorf("%q was read, and is in:\n%s", lie, written(t, again))
		}
	}
}

// Whatever is read can be written, merged and exported.
func FuzzRead(f *testing.F) {
	f.Add(written(f, example()))
	f.Add(written(f, NewRecorder(Settings{}, began).Run(0)))
	both, err := Merge(example(), NewRecorder(Settings{}, began).Run(0))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(written(f, both))
	f.Fuzz(func(t *testing.T, text string) {
		run, err := Read(strings.NewReader(text))
		if err != nil {
			return
		}
		again, err := Read(strings.NewReader(written(t, run)))
		if err != nil {
			t.Fatalf("what was read and written is not read: %v", err)
		}
		merged, err := merge([]*Run{run, again})
		if err != nil {
			return // twice as much is too much
		}
		if merged.Answered() != 2*run.Answered() {
			t.Fatalf("%d of %d", merged.Answered(), run.Answered())
		}
		if _, err := Read(strings.NewReader(written(t, merged))); err != nil {
			t.Fatalf("what was merged is not read: %v", err)
		}
		var out strings.Builder
		if err := merged.WriteCSV(&out); err != nil {
			t.Fatal(err)
		}
		if err := merged.WriteHGRM(&out); err != nil {
			t.Fatal(err)
		}
	})
}
