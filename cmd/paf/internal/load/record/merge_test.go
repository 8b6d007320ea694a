package record

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A doing is something that happened, at a wall time.
type doing struct {
	at, waited, served time.Duration // since began
	status             int           // 0: it failed
	bytes              int64
}

// doings reads as many as a script has.
func doings(script []byte) (all []doing) {
	for ; len(script) >= 8; script = script[8:] {
		d := doing{
			at:     time.Duration(binary.LittleEndian.Uint16(script)) * 131 * time.Microsecond, // up to 8.6 s
			waited: time.Duration(script[2]) * time.Millisecond,
			served: time.Duration(script[3]) * time.Duration(script[3]) * 77 * time.Microsecond,
			bytes:  int64(script[4]) * 1000,
		}
		if script[5] > 40 {
			d.status = 100 + 3*int(script[5]) // up to 865
		}
		all = append(all, d)
	}
	return all
}

// tell records what was done with a recorder that began at start.
func tell(s *Shard, start time.Time, all []doing, now *int64) {
	for _, d := range all {
		due := int64(began.Add(d.at).Sub(start))
		sent, end := due+int64(d.waited), due+int64(d.waited+d.served)
		*now = max(*now, end)
		if d.status == 0 {
			s.Failed(due, end, fmt.Sprint("kind ", d.bytes%3000), fmt.Errorf("%d", d.bytes))
			s.Moved(end, d.bytes, 5)
			continue
		}
		s.InFlight(sent, 1)
		s.r.Refused(end, d.status, fmt.Appendf(nil, "%d", d.bytes))
		if d.bytes > 9000 {
			s.r.Connected(int64(d.waited), int64(d.served)+1)
		}
		if d.bytes > 99000 {
			s.r.Resumed()
		}
		s.Done(due, sent, (sent+end)/2, end, d.status, d.bytes, 7)
		s.InFlight(end, -1)
	}
}

// Whatever happened, and whoever of several recorders with several shards has recorded it, the sum is what one recorder has.
func FuzzMergeOfPartsIsTheWhole(f *testing.F) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{0, 1, 20, 400} {
		script := make([]byte, 8*n)
		for i := range script {
			script[i] = byte(random.Uint32())
		}
		f.Add(script, uint8(3), uint16(700))
	}
	f.Fuzz(func(t *testing.T, script []byte, parts uint8, apart uint16) {
		all := doings(script)
		n := 1 + int(parts%5)
		settings := Settings{Target: "http://localhost/", Connections: 1}
		starts := make([]time.Time, n)
		split := make([][]doing, n)
		for i := range starts {
			starts[i] = began.Add(-time.Duration(i) * (time.Duration(apart)*time.Millisecond + 1)) // no two are the same run
		}
		for i, d := range all {
			split[i%n] = append(split[i%n], d)
		}
		now := int64(began.Sub(starts[n-1])) // or when the last of all happens
		whole := NewRecorder(settings, starts[n-1])
		tell(whole.Shard(), starts[n-1], all, &now)
		whole.Began(Beginning{Unopened: n * (n - 1) / 2, Late: time.Duration(n-1) * time.Millisecond})
		end := starts[n-1].Add(time.Duration(now))
		var runs []*Run
		for i := range n {
			r := NewRecorder(settings, starts[i])
			r.Began(Beginning{Unopened: i, Late: time.Duration(i) * time.Millisecond})
			var ended int64
			half := len(split[i]) / 2
			tell(r.Shard(), starts[i], split[i][:half], &ended)
			tell(r.Shard(), starts[i], split[i][half:], &ended)
			if i%2 == 1 {
				r.Snapshot(ended / 2) // changes nothing
			}
			part := r.Run(int64(end.Sub(starts[i])))
			part.Interrupted, part.Unfinished = i == 1, int64(i)
			runs = append(runs, part)
		}
		merged := mustMerge(t, runs...)
		want := whole.Run(now)
		want.Processes, want.Settings.Connections = n, n
		want.Interrupted, want.Unfinished = n > 1, int64(n*(n-1)/2)
		if n > 1 {
			for i := range runs {
				want.Parts = append(want.Parts, runs[n-1-i].part())
			}
		}
		if got, want := written(t, merged), written(t, want); got != want {
			t.Fatalf("merged:\n%s\nrecorded at once:\n%s", got, want)
		}
		again, err := Read(bytes.NewReader([]byte(written(t, merged))))
		if err != nil {
			t.Fatal(err)
		}
		if got, want := written(t, again), written(t, merged); got != want {
			t.Fatalf("read:\n%s\nwritten:\n%s", got, want)
		}
		byTwos := runs[n-1]
		for i := n - 2; i >= 0; i-- {
			byTwos = mustMerge(t, byTwos, runs[i])
		}
		if got, want := written(t, byTwos), written(t, merged); got != want {
			t.Fatalf("merged backwards, by twos:\n%s\nat once:\n%s", got, want)
		}
	})
}

func mustMerge(t *testing.T, runs ...*Run) *Run {
	t.Helper()
	merged, err := Merge(runs...)
	if err != nil {
		t.Fatal(err)
	}
	return merged
}

func TestMergeLeavesItsPartsAlone(t *testing.T) {
	a, b := NewRecorder(Settings{Options: map[string]string{"--think": "1s"}}, began), NewRecorder(Settings{}, began)
	var now int64
	tell(a.Shard(), began, doings([]byte("some bytes that are a script....")), &now)
	tell(b.Shard(), began, doings([]byte("other bytes that are a script...")), &now)
	runs := []*Run{a.Run(now), b.Run(now)}
	before := []string{written(t, runs[0]), written(t, runs[1])}
	merged := mustMerge(t, runs...)
	merged, err := merge([]*Run{merged, merged})
	if err != nil {
		t.Fatal(err)
	}
	if merged.Answered()+merged.FailedCount() != 16 {
		t.Errorf("%d and %d", merged.Answered(), merged.FailedCount())
	}
	for i, r := range runs {
		if got := written(t, r); got != before[i] {
			t.Errorf("part %d has become %s", i, got)
		}
	}
}

func TestMergeAddsSettingsUp(t *testing.T) {
	at := began
	run := func(s Settings) *Run {
		at = at.Add(time.Second)
		return NewRecorder(s, at).Run(1e9)
	}
	got := mustMerge(t,
		run(Settings{Target: "http://b/", Connections: 10, Rate: 100, Requests: 5, Duration: time.Second, Options: map[string]string{"--think": "1ms"}}),
		run(Settings{Target: "http://a/", Connections: 20, Rate: 50.5, Requests: 6, Streams: 3, Options: map[string]string{"--think": "2ms", "-k": ""}}),
		run(Settings{Target: "http://b/", Connections: 1, Rate: 0.5, Options: map[string]string{"--think": "1ms"}}),
	).Settings
	want := "{http://a/ | http://b/   31 3 11 1s 151  map[--think:1ms | 2ms -k: | not set]}"
	if text := fmt.Sprint(got); text != want {
		t.Errorf("%s, not %s", text, want)
	}
	if _, err := Merge(); err == nil {
		t.Error("nothing was merged into a run")
	}
}

// What one machine has measured counts once, and an open loop does not count with a closed one.
func TestMergeRefusesWhatIsNoSum(t *testing.T) {
	dir := t.TempDir()
	stored := func(name string, r *Run) *Run {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(written(t, r)), 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	later := NewRecorder(Settings{}, began.Add(time.Nanosecond)).Run(1e9)
	open := NewRecorder(Settings{Rate: 5}, began.Add(time.Second)).Run(1e9)
	a, b, c := stored("a", example()), stored("b", example()), stored("c", later)
	sum := stored("sum", mustMerge(t, a, c))
	for _, s := range []struct {
		runs []*Run
		says string
	}{
		{[]*Run{a, a}, `/a" and "DIR/a" are the same run`},
		{[]*Run{a, c, b}, `/a" and "DIR/b" are the same run`}, // a copy of it
		{[]*Run{sum, b}, `/a" and "DIR/b" are the same run`},  // which is in a sum
		{[]*Run{c, sum}, `/c" and "DIR/c" are the same run`},
		{[]*Run{later, later}, "the run that began at 2026-03-04T05:06:07.250000001Z and the run that began at 2026-03-04T05:06:07.250000001Z are the same run"},
		{[]*Run{a, stored("open", open)}, `/open" is of an open loop (--rate) and "DIR/a" of a closed one`},
		{[]*Run{stored("open", open), c}, `/open" is of an open loop (--rate) and "DIR/c" of a closed one`},
	} {
		says := strings.ReplaceAll(s.says, "DIR", dir)
		if merged, err := Merge(s.runs...); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, %v: not %q", merged != nil, err, says)
		}
	}
	for i, name := range []string{"a", "c"} {
		if got := sum.Parts[i].Name; got != filepath.Join(dir, name) {
			t.Errorf("part %d is %q", i, got)
		}
	}
}

func TestTogetherIsWhenAllMeasured(t *testing.T) {
	run := func(from, to time.Duration) *Run {
		return NewRecorder(Settings{}, began.Add(from)).Run(int64(to - from))
	}
	for _, c := range []struct {
		runs []*Run
		want time.Duration
	}{
		{[]*Run{run(0, 5)}, 5},
		{[]*Run{run(0, 5), run(1, 9)}, 4},
		{[]*Run{run(7, 9), run(0, 9), run(0, 4)}, -3},
		{[]*Run{mustMerge(t, run(0, 4), run(0, 5)), run(1, 9)}, 3},
	} {
		if got := mustMerge(t, c.runs...).Together(); got != c.want {
			t.Errorf("%d ns, not %d", got, c.want)
		}
	}
}

// What Merge makes can be read, or it says why it makes nothing.
func TestMergeRefusesSumsThatCannotBeRead(t *testing.T) {
	if bits.UintSize < 64 {
		t.Skip("NOT TESTED: the numbers do not fit an int of 32 bits: that sums beyond 2^53 are refused was not tried")
	}
	most := int(int64(maxCount) & math.MaxInt)
	for says, change := range map[string]func(a, b *Run){
		`"length_ns" is`:                    func(_, b *Run) { b.Start = b.Start.AddDate(2, 0, 0) },
		`"connections" is 9007199254740993`: func(a, b *Run) { a.Settings.Connections, b.Settings.Connections = most, 1 },
		`"requests" is 9007199254740993`:    func(a, b *Run) { a.Settings.Requests, b.Settings.Requests = maxCount, 1 },
		`"rate" is 1.8`:                     func(a, b *Run) { a.Settings.Rate, b.Settings.Rate = maxCount, maxCount },
		`"processes" is`:                    func(a, b *Run) { a.Processes, b.Processes = math.MaxInt, math.MaxInt },
		`"statuses" has`:                    func(a, b *Run) { a.Statuses[200], b.Statuses[200] = math.MaxInt64, math.MaxInt64 },
		`"failures" `: func(a, b *Run) {
			a.Failures["x"], b.Failures["x"] = &Failure{Count: math.MaxInt64}, &Failure{Count: math.MaxInt64}
		},
	} {
		a, b := example(), example()
		change(a, b)
		if merged, err := merge([]*Run{a, b}); err == nil || !strings.Contains(err.Error(), "the runs cannot be one: "+says) {
			t.Errorf("%v, %v: not %q", merged != nil, err, says)
		}
	}
}

// Connections are no requests, and messages neither.
func TestRunsOfUnlikeThingsAreNotMerged(t *testing.T) {
	for _, name := range []string{"--connect-only", "--websocket"} {
		a, b := example(), example()
		b.Start = b.Start.Add(time.Hour)
		b.Settings.Options = map[string]string{name: "true"}
		for _, runs := range [][]*Run{{a, b}, {b, a}} {
			if _, err := Merge(runs...); err == nil || !strings.Contains(err.Error(), "is of "+name+": they are not of the same thing") {
				t.Errorf("%v", err)
			}
		}
	}
}
