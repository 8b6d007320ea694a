package report

import (
	"errors"
	"math"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/paf-go/paf/cmd/paf/internal/load/record"
)

var began = time.Date(2026, 3, 4, 5, 6, 7, 250e6, time.UTC)

// A sample is a run that never was, with figures like those of one.
type sample struct {
	seed     uint64
	seconds  int
	rate     float64
	median   time.Duration
	slower   float64 // the times are so much longer
	uneven   float64 // by which share the times of a second are typically longer or shorter than those of all
	alike    float64 // how much of that a second has from the one before it: the correlation of neighbours
	stall    bool    // for 100 ms in every tenth second, nothing is answered
	failures bool
	open     bool
	target   string
}

// record returns it as a recorder would.
func (s sample) record() *record.Run {
	target := s.target
	if target == "" {
		target = "http://127.0.0.1:8080/"
	}
	settings := record.Settings{Target: target, Protocol: "HTTP/1.1", Connections: 64, Duration: time.Duration(s.seconds) * time.Second}
	if s.open {
		settings.Rate, settings.Arrivals = s.rate, "constant"
		settings.Options = map[string]string{"--warmup": "2s", "--max-p99": "20ms"}
	}
	r := record.NewRecorder(settings, began)
	if s.failures {
		r.Began(record.Beginning{Unopened: 1, Late: 1500 * time.Millisecond})
	}
	shard := r.Shard()
	random := rand.New(rand.NewPCG(s.seed, 1))
	for range settings.Connections {
		r.Connected(int64(80e3*math.Exp(random.NormFloat64()/3)), int64(1.2e6*math.Exp(random.NormFloat64()/5)))
	}
	levels := s.levels()
	for due := 0.0; due < float64(s.seconds)*1e9; {
		level := levels[(int64(due)+int64(began.Nanosecond()))/1e9]
		s.request(shard, random, due, level)
		due += 1e9 / s.rate * level
	}
	return r.Run(int64(s.seconds) * 1e9)
}

// levels returns how much longer than usual the requests of each second of the wall clock take: those of a process that forgets (AR(1)), as a machine does that has other things
// to do as well.
func (s sample) levels() []float64 {
	random := rand.New(rand.NewPCG(s.seed, 2))
	all := make([]float64, s.seconds+1)
	state := random.NormFloat64()
	for i := range all {
		all[i] = math.Exp(s.uneven * state)
		state = s.alike*state + math.Sqrt(1-s.alike*s.alike)*random.NormFloat64()
	}
	return all
}

// request records a request of a sample.
func (s sample) request(shard *record.Shard, random *rand.Rand, due, level float64) {
	typical := float64(s.median) * max(1, s.slower) * level
	service := typical * (0.6 + 0.4*math.Exp(random.NormFloat64()/2.5))
	if random.IntN(200) == 0 {
		service *= 3 + 5*random.Float64()
	}
	sent := due
	if in := math.Mod(due, 10e9) - 4e9; s.stall && in > 0 && in < 100e6 {
		sent += 100e6 - in
	}
	end := min(sent+service, float64(s.seconds)*1e9-1)
	sent = min(sent, end)
	shard.InFlight(int64(due), 1)
	switch n := random.IntN(5000); {
	case s.failures && n == 0:
		shard.Failed(int64(due), int64(end), "reset", errors.New("read tcp 127.0.0.1:51234->127.0.0.1:8080: read: connection reset by peer"))
	case s.failures && n == 1 && due > 15e9:
		shard.Failed(int64(due), int64(end), "time-out", errors.New("no response within 1s"))
	default:
		status := 200
		if s.failures && n < 40 {
			status = 503
		}
		shard.Done(int64(due), int64(sent), int64(sent+(end-sent)*0.8), int64(end), status, 1160, 84)
	}
	shard.InFlight(int64(end), -1)
}

// The samples, each made once.
var (
	plain  = sync.OnceValue(sample{seed: 1, seconds: 30, rate: 4000, median: 450 * time.Microsecond}.record)
	slower = sync.OnceValue(sample{seed: 2, seconds: 30, rate: 3800, median: 450 * time.Microsecond, slower: 1.06}.record)
	again  = sync.OnceValue(sample{seed: 3, seconds: 30, rate: 4000, median: 450 * time.Microsecond}.record)
	rough  = sync.OnceValue(sample{seed: 4, seconds: 60, rate: 2000, median: 800 * time.Microsecond, stall: true, failures: true, open: true}.record)
	brief  = sync.OnceValue(sample{seed: 5, seconds: 1, rate: 200, median: 20 * time.Millisecond}.record)
)

// nothing is a run in which nothing happened.
func nothing() *record.Run {
	return record.NewRecorder(record.Settings{Target: "http://127.0.0.1:1/", Connections: 1}, began).Run(3e9)
}

// lost is a run in which all failed.
func lost() *record.Run {
	r := record.NewRecorder(record.Settings{Target: "http://127.0.0.1:1/", Connections: 1}, began)
	s := r.Shard()
	for i := range int64(20) {
		s.Failed(i*100e6, i*100e6+3e6, "connect", errors.New("dial tcp 127.0.0.1:1: connect: connection refused"))
	}
	return r.Run(3e9)
}
