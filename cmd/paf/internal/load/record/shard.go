package record

import (
	"math"
	"sync"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// A Shard records what a group of connections does. Its methods may be called at the same time, by all connections of the group; none
// allocates, but for the first call in a new second. All times are nanoseconds since the start of the run.
type Shard struct {
	r  *Recorder
	mu sync.Mutex

	latency, service, firstByte dense
	statuses                    [1000]int64
	bytesIn, bytesOut           int64
	inFlight, failed            int64
	slots                       [2]slot // of this second and of the last: some report a little late
}

// A slot is what a shard has seen of one second.
type slot struct {
	unix  int64
	tally tally // but for its histogram
	dense dense
}

func newShard(r *Recorder) *Shard {
	s := &Shard{r: r, latency: newDense(digits), service: newDense(digits), firstByte: newDense(digits)}
	for i := range s.slots {
		s.slots[i].dense = newDense(digitsPerSecond)
	}
	return s
}

// Done records a request with its whole response: when it was due (in a closed loop that is when it was sent), when it was sent, when the
// first byte of the response came and when its end; the status, and the bytes that went both ways for it. A status that is not one of
// three digits is not counted. Nothing is recorded of what ended before the start.
func (s *Shard) Done(due, sent, firstByte, end int64, status int, bytesIn, bytesOut int64) {
	if end < 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.latency.add(end - due)
	s.service.add(end - sent)
	s.firstByte.add(firstByte - sent)
	if status >= 100 && status < len(s.statuses) {
		s.statuses[status]++
	}
	s.bytesIn += bytesIn
	s.bytesOut += bytesOut
	unix, _ := s.r.second(end)
	if slot := s.slot(unix); slot != nil {
		slot.tally.bytesIn += bytesIn
		slot.tally.bytesOut += bytesOut
		slot.dense.add(end - due)
		return
	}
	s.r.mu.Lock()
	defer s.r.mu.Unlock()
	t := s.r.tally(unix)
	t.bytesIn += bytesIn
	t.bytesOut += bytesOut
	t.latency.Add(end - due)
}

// Failed records a request without a whole response: when it was due, when it failed, and why: kind is one of a few words that say what went
// wrong ("connect", "time-out"), and err the error, whose text is kept of the first of its kind. It may be nil. A request that was never sent,
// since there was no connection, is recorded, too. Nothing is of what failed before the start.
func (s *Shard) Failed(due, end int64, kind string, err error) {
	if end < 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.r.fail(end-due, end, kind, err)
	s.failed++
	s.tell(end, func(t *tally, _ int64) { t.failed++ })
}

// Moved records the bytes that came and went for a request that has failed, and when it did: Failed does not say.
func (s *Shard) Moved(end, bytesIn, bytesOut int64) {
	if end < 0 || bytesIn == 0 && bytesOut == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bytesIn += bytesIn
	s.bytesOut += bytesOut
	s.tell(end, func(t *tally, _ int64) {
		t.bytesIn += bytesIn
		t.bytesOut += bytesOut
	})
}

// InFlight records that at a time delta more requests are in flight, or less if it is negative: those that were sent have neither ended nor
// failed. Neither Done nor Failed says so, so that one call can say it for all that were sent and answered at once.
func (s *Shard) InFlight(at, delta int64) {
	if delta == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inFlight += delta
	s.tell(max(at, 0), func(t *tally, left int64) {
		t.net += delta
		t.area += delta * left
	})
}

// tell adds to what is known of the second of a time: in its slot, or in the recorder if that is another's by now. left is how much of the second there is after it.
// s.mu is held.
func (s *Shard) tell(at int64, add func(t *tally, left int64)) {
	unix, left := s.r.second(at)
	if slot := s.slot(unix); slot != nil {
		add(&slot.tally, left)
		return
	}
	s.r.mu.Lock()
	defer s.r.mu.Unlock()
	add(s.r.tally(unix), left)
}

// slot returns the slot of a second, or nil if it was emptied for a later one. s.mu is held.
func (s *Shard) slot(unix int64) *slot {
	slot := &s.slots[unix&1]
	if slot.unix < unix {
		s.empty(slot)
		slot.unix = unix
	}
	if slot.unix > unix {
		return nil
	}
	return slot
}

// empty gives what a slot holds to the recorder. s.mu is held, that of the recorder is not.
func (s *Shard) empty(slot *slot) {
	if slot.tally == (tally{}) && slot.dense.max < 0 {
		return
	}
	s.r.mu.Lock()
	defer s.r.mu.Unlock()
	t := s.r.tally(slot.unix)
	t.failed += slot.tally.failed
	t.bytesIn += slot.tally.bytesIn
	t.bytesOut += slot.tally.bytesOut
	t.net += slot.tally.net
	t.area += slot.tally.area
	slot.dense.addTo(t.latency)
	slot.tally = tally{}
	slot.dense.reset()
}

// addTo adds what the shard holds to a run, but for its seconds: those go to the recorder.
func (s *Shard) addTo(run *Run) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.latency.addTo(run.Latency)
	s.service.addTo(run.Service)
	s.firstByte.addTo(run.FirstByte)
	for status, n := range s.statuses {
		if n > 0 {
			run.Statuses[status] += n
		}
	}
	run.BytesIn += s.bytesIn
	run.BytesOut += s.bytesOut
	for i := range s.slots {
		s.empty(&s.slots[i])
	}
}

// A dense is a histogram that is fast to add to, and large.
type dense struct {
	counts        *hdrhistogram.Histogram
	sum, min, max int64 // max is -1 when it is empty
}

func newDense(digits int) dense {
	return dense{counts: hdrhistogram.New(lowest, highest, digits), min: math.MaxInt64, max: -1}
}

func (d *dense) add(ns int64) {
	ns = max(ns, 0)
	d.counts.RecordValue(min(ns, highest)) // fails beyond the range alone
	d.sum, d.min, d.max = plus(d.sum, ns), min(d.min, ns), max(d.max, ns)
}

// addTo adds what it holds to a histogram of the same precision.
func (d *dense) addTo(h *Histogram) {
	if d.max < 0 {
		return
	}
	h.counts.MergeFrom(d.counts)
	h.sum, h.min, h.max = plus(h.sum, d.sum), min(h.min, d.min), max(h.max, d.max)
}

func (d *dense) reset() {
	d.counts.Reset()
	d.sum, d.min, d.max = 0, math.MaxInt64, -1
}
