package record

import (
	"bytes"
	"errors"
	"testing"
	"time"
)

var began = time.Date(2026, 3, 4, 5, 6, 7, 250e6, time.UTC)

func written(t testing.TB, r *Run) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestRunSurvivesItsFile(t *testing.T) {
	r := NewRecorder(Settings{Target: "http://localhost/", Connections: 2, Options: map[string]string{"--think": "1ms"}}, began)
	s := r.Shard()
	for i := range int64(10_000) {
		s.InFlight(i*1e6, 1)
		s.Done(i*1e6, i*1e6+1000, i*1e6+5000, i*1e6+i*999, 200, 100, 50)
		s.InFlight(i*1e6+i*999, -1)
	}
	s.Failed(5e9, 6e9, "time-out", errors.New("too late"))
	s.Connected(3e6, 5e6)
	run := r.Run(20e9)
	text := written(t, run)
	again, err := Read(bytes.NewReader([]byte(text)))
	if err != nil {
		t.Fatal(err)
	}
	if got := written(t, again); got != text {
		t.Errorf("read and written again it is %s", got)
	}
	if n := again.Answered(); n != 10_000 || again.StatusCount(200, 299) != n {
		t.Error(n)
	}
}
