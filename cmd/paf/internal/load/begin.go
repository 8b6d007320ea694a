package load

import (
	"cmp"
	"context"
	"runtime"
	"sync"
	"time"

	"github.com/paf-go/paf/alpn"
	"github.com/paf-go/paf/cmd/paf/internal/load/record"
)

// An opening is how long it took to open a connection.
type opening struct {
	dial, tls int64
	resumed   bool
}

// openAll starts all connections. It returns when each has been opened or refused, but for those that come later by the ramp, or when the time for that is
// over and there is one: the others may come during the run. The error is that of the first if none could be opened.
func (r *run) openAll(ctx, inner context.Context, all *sync.WaitGroup) error {
	results := make(chan error, r.options.Connections)
	for i := range r.options.Connections {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		c := r.place()
		if after := r.ramp(i); after > 0 {
			all.Go(func() {
				if r.await(inner, r.started, after) {
					c.live(inner, func(error) {})
				}
			})
			continue
		}
		var once sync.Once
		all.Go(func() { c.live(inner, func(err error) { once.Do(func() { results <- err }) }) })
	}
	return r.opened(ctx, results)
}

// place makes one of the places in which something is done.
func (r *run) place() interface {
	live(ctx context.Context, opened func(error))
} {
	switch {
	case r.options.ConnectOnly:
		w := newWorker(r, &connecting{run: r})
		r.workers = append(r.workers, w)
		return w
	case r.options.WebSocket:
		w := newWorker(r, newEchoing(r))
		r.workers = append(r.workers, w)
		return w
	}
	if most := groupsPerCore * runtime.GOMAXPROCS(0); len(r.groups) < most {
		r.groups = append(r.groups, new(group))
	}
	c := newConn(r, r.groups[len(r.conns)%len(r.groups)])
	r.conns = append(r.conns, c)
	return c
}

// opened waits for the results of the connections that are opened first.
func (r *run) opened(ctx context.Context, results <-chan error) (first error) {
	for i := range r.options.Connections {
		if r.ramp(i) == 0 {
			r.wanted++
		}
	}
	soon, latest := r.openingTime()
	for heard, late := 0, false; heard < r.wanted && !(late && r.ready > 0); {
		select {
		case err := <-results:
			heard++
			if err == nil {
				r.ready++
			}
			first = cmp.Or(first, err)
		case <-soon:
			late = true
		case <-latest:
			if late = true; r.ready == 0 {
				return cmp.Or(first, error(errUnopened))
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	if r.ready > 0 {
		return nil
	}
	return first
}

// openingTime returns when the run begins with the connections that are open, and when it is given up if none is.
func (r *run) openingTime() (soon, latest <-chan time.Time) {
	length := r.options.Timeout
	if at := r.options.StartAt; !at.IsZero() {
		wait := time.Until(at)
		return time.After(wait), time.After(max(wait, length))
	}
	return time.After(length), time.After(length)
}

// beginning says what of the start is not as it should be.
func (r *run) beginning() (b record.Beginning) {
	b.Unopened = r.wanted - r.ready
	if at := r.options.StartAt; !at.IsZero() {
		if late := time.Since(at); late >= lateLeast {
			b.Late = late
		}
	}
	return b
}

// lateLeast is how much later than Options.StartAt a run begins that is late.
const lateLeast = 10 * time.Millisecond

// ramp returns how long after the start the i-th connection is opened.
func (r *run) ramp(i int) time.Duration {
	if r.openLoop() {
		return 0 // where the rate grows instead
	}
	return time.Duration(float64(r.options.Ramp) * float64(i) / float64(r.options.Connections))
}

// await waits until some time after a channel is closed. It returns false if ctx ends before.
func (r *run) await(ctx context.Context, begun <-chan struct{}, after time.Duration) bool {
	select {
	case <-begun:
	case <-ctx.Done():
		return false
	}
	t := time.NewTimer(after)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// agreed takes note of the protocol of a connection.
func (r *run) agreed(d *dialed) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.protocol = d.protocol
}

// connected records that a connection was opened, be it before anything else can be recorded.
func (r *run) connected(d *dialed) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.protocol = d.protocol
	o := opening{d.dial, d.tls, d.resumed()}
	if r.recorder == nil {
		r.early = append(r.early, o)
		return
	}
	o.record(r.recorder)
}

// record tells a recorder of it.
func (o *opening) record(r *record.Recorder) {
	r.Connected(o.dial, o.tls)
	if o.resumed {
		r.Resumed()
	}
}

// spoken names the protocol of the connections: "" where nothing is spoken on them. r.mu is held.
func (r *run) spoken() string {
	switch {
	case r.protocol == alpn.H2:
		return "HTTP/2"
	case r.options.ConnectOnly && r.protocol == "":
		return ""
	}
	return "HTTP/1.1"
}

// begin waits until the run is to begin, and fixes what counts.
func (r *run) begin(ctx context.Context) error {
	o := r.options
	if !o.StartAt.IsZero() {
		t := time.NewTimer(time.Until(o.StartAt))
		defer t.Stop()
		select {
		case <-t.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	start := r.clock()
	r.zero = start + int64(o.Warmup)
	r.pace.begin(start, r.zero, o.Duration)
	settings := o.Settings
	settings.Target, settings.Method = r.dialer.target, r.requests[0].head.Method
	settings.Connections, settings.Requests, settings.Duration, settings.Rate = o.Connections, o.Number, o.Duration, o.Rate
	if o.Rate > 0 {
		settings.Arrivals = "constant"
		if o.Poisson {
			settings.Arrivals = "poisson"
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	settings.Protocol, settings.Streams = r.spoken(), o.Pipeline
	if r.protocol == alpn.H2 {
		settings.Streams = o.Streams
	}
	r.recorder = record.NewRecorder(settings, time.Now().Add(time.Duration(r.zero-r.clock())))
	r.recorder.Began(r.beginning())
	for i := range r.early {
		r.early[i].record(r.recorder)
	}
	r.early = nil
	shards := make([]*record.Shard, min(r.options.Connections, 2*runtime.GOMAXPROCS(0)))
	for i := range shards {
		shards[i] = r.recorder.Shard()
	}
	r.shard = shards[0]
	for i, c := range r.conns {
		c.shard = shards[i%len(shards)]
	}
	for i, w := range r.workers {
		w.shard = shards[i%len(shards)]
	}
	close(r.started)
	return nil
}
