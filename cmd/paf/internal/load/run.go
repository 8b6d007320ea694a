package load

import (
	"cmp"
	"context"
	"io"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/cmd/paf/internal/exit"
	"github.com/paf-go/paf/cmd/paf/internal/load/record"
	"github.com/paf-go/paf/cmd/paf/internal/typed"
	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/h1"
	"github.com/paf-go/paf/h2"
	"github.com/paf-go/paf/mimic"
)

// Options say what is sent, how often, and when. The zero value of a field is what its comment says; URL is needed.
type Options struct {
	URL      string
	Method   string   // "": GET, or POST where there is content
	Fields   []string // "Name: value"; "Name:" takes a field away
	Data     []string // pieces of content, each text or "@FILE"; none: no content
	Requests string   // a file of requests, sent in turn in place of Method, URL's path and Data; "-" is Stdin; "" for none
	Stdin    io.Reader

	Connections int // 0: 1
	Streams     int // requests at the same time on a connection of HTTP/2; 0: 1
	Pipeline    int // requests at the same time on a connection of HTTP/1.1; 0: 1

	Number   int64         // of requests; 0: no limit
	Duration time.Duration // of the run, after its warm-up; 0: no limit
	Rate     float64       // requests a second that are due, whatever has become of the others; 0: each as soon as another is answered
	Poisson  bool          // they are due at random, as requests of many users are, and not evenly
	Ramp     time.Duration // in which Rate is reached, or without one all connections are opened
	Think    time.Duration // from a response to the next request in its place; without a Rate
	Warmup   time.Duration // before anything counts
	StartAt  time.Time     // when to begin; zero: as soon as the connections are open
	Timeout  time.Duration // of a request, and of opening a connection; 0: 30 s

	ConnectOnly bool // what is measured is opening connections
	WebSocket   bool // what is measured is how long it takes until a message comes back
	NoFiles     bool // a connection takes no file of the process, as over TCP/IP that the program brings along

	Protocol paf.Protocol // as in paf.Client
	Way      mimic.Context
	TLS      TLSOptions

	Settings record.Settings // to be recorded as they are, but for what Run knows better: Target, Protocol and the numbers above

	// Live, unless it is nil, is called once when the run begins, on a goroutine of its own, and returns when ctx ends, which is before Run
	// does. Run waits for that, but for no longer than a second. clock is the time of the run in nanoseconds; below zero it warms up.
	Live func(ctx context.Context, r *record.Recorder, clock func() int64)
}

// A run is one run.
type run struct {
	options    *Options
	dialer     *dialer
	requests   []*request
	message    []byte // of a WebSocket; nil: one of our own
	groups     []*group
	conns      []*conn
	workers    []*worker
	pace       *pace
	origin     time.Time
	end        atomic.Int64  // by clock; 0 before
	unfinished atomic.Int64  // requests that the end has cut off in flight
	zero       int64         // when requests begin to count, by clock
	started    chan struct{} // closed when zero and recorder are known, before the first request
	refused    atomic.Bool   // there is an example of a response with a status of 400 or more
	shown      chan struct{} // closed when Options.Live has returned; nil if it was not called

	mu       sync.Mutex
	recorder *record.Recorder
	shard    *record.Shard // for what belongs to no connection
	early    []opening     // before there is a recorder
	protocol string        // that is spoken
	largest  int64         // bytes of a request, content included; not less than the longest one takes
	ready    int           // connections that were open at the beginning
	wanted   int           // of as many as should have been
}

// mostAtOnce is how many connections are being opened at the same time.
const mostAtOnce = 128

// newRun looks whether the options can be used.
func newRun(o *Options) (*run, error) {
	o.Connections, o.Streams, o.Pipeline = max(1, o.Connections), max(1, o.Streams), max(1, o.Pipeline)
	if err := o.excess(fileLimit()); err != nil {
		return nil, err
	}
	o.Timeout = cmp.Or(o.Timeout, 30*time.Second)
	o.URL = typed.URL(httpScheme(o.URL))
	if o.WebSocket {
		o.Protocol = paf.HTTP11
	}
	r := &run{options: o, origin: time.Now(), started: make(chan struct{})}
	if err := r.makeRequests(); err != nil {
		return nil, err
	}
	config, err := o.TLS.config(o.Protocol)
	if err != nil {
		return nil, err
	}
	r.dialer, err = newDialer(o.URL, o.Way, config, o.Protocol, o.Timeout)
	if err != nil {
		return nil, err
	}
	r.dialer.limits = limits(o.Streams)
	r.dialer.tickets = o.ConnectOnly && o.TLS.Resume && r.dialer.secure != nil
	var p *plan
	if o.Rate > 0 {
		p = newPlan(o.Rate, o.Ramp, o.Poisson, rand.Uint64())
	}
	r.pace = newPace(p, o.Number, int64(o.Think))
	return r, r.try()
}

// mostIdle is how often a server may do what costs it nothing, in the 10 s of engine.Limits: more than one does that answers thousands of requests, and not so
// much that answering it takes memory or time worth mentioning.
const mostIdle = 10_000

// limits are those of the engines: time-outs are the run's own, and a server whose content is long is measured, too.
func limits(streams int) engine.Limits {
	return engine.Limits{
		Streams: streams, HeadTimeout: -1, IdleTimeout: -1, ContentTimeout: -1, ResponseTimeout: -1, StallTimeout: -1,
		Resets: mostIdle, Settings: mostIdle / 10, Pings: mostIdle, Priorities: mostIdle, EmptyData: mostIdle, WindowUpdates: mostIdle, UnknownFrames: mostIdle,
	}
}

// makeRequests makes what is sent.
func (r *run) makeRequests() error {
	o := r.options
	content, err := readContent(o.Data, o.Stdin)
	if err != nil {
		return err
	}
	var first *request
	if o.WebSocket { // whose content is a message, and none of the request that opens it
		first, err = newRequest("", o.URL, o.Fields, nil, "")
	} else {
		first, err = newRequest(o.Method, o.URL, o.Fields, content, formType(content))
	}
	if err != nil {
		return err
	}
	r.message = content
	r.requests = []*request{first}
	if to := first.head.Target; o.Requests != "" && (to.Path != "" && to.Path != "/" || to.Query != "") {
		return exit.Errorf(exit.Usage, "the file of --from says what is asked for, and the URL which server: as %s://%s/", to.Scheme, to.Authority)
	}
	if o.Requests != "" {
		r.requests, err = readRequests(o.Requests, o.Stdin, first, o.Fields)
	}
	return err
}

// try lays each request out once, to see whether it can be sent.
func (r *run) try() error {
	for _, q := range r.requests {
		var eng engine.Client = h1.NewClient(r.dialer.limits, 1)
		if r.options.Protocol == paf.HTTP2 {
			eng = h2.NewClient(r.dialer.limits, 1)
		}
		var out engine.Output
		if _, err := eng.Request(&out, &q.head, int64(len(q.content))); err != nil {
			return exit.Errorf(exit.URL, "%s%s %s cannot be sent: %w", q.from, q.head.Method, q.head.Target.Path, err)
		}
		r.largest = max(r.largest, int64(out.Len()+len(q.content)))
	}
	return nil
}

// clock returns the nanoseconds since the run was made. When the run has ended it stands still: nothing that is recorded then is later.
func (r *run) clock() int64 {
	now := int64(time.Since(r.origin))
	if end := r.end.Load(); end != 0 {
		return min(now, end)
	}
	return now
}

func (r *run) openLoop() bool { return r.options.Rate > 0 }

// Run sends what the options say and returns what it has measured. When ctx ends it does so at once, and the error is ctx's cause. Another error, without
// a record, says why nothing could be measured.
func Run(ctx context.Context, o Options) (*record.Run, error) {
	alarm, err := newAlarm()
	if err != nil {
		return nil, err
	}
	return o.run(ctx, alarm)
}

// run is Run with an alarm, which it closes.
func (o *Options) run(ctx context.Context, alarm alarm) (*record.Run, error) {
	r, err := newRun(o)
	if err != nil {
		alarm.close()
		return nil, err
	}
	inner, cancel := context.WithCancelCause(context.Background())
	var all sync.WaitGroup
	var cause error
	err = r.openAll(ctx, inner, &all)
	if err == nil {
		err = r.begin(ctx)
	}
	if err == nil {
		r.set(ctx, inner, &all, alarm)
		cause, err = r.finish(ctx)
	}
	r.end.CompareAndSwap(0, r.clock())
	r.haltAll(nil)
	cancel(cause)
	alarm.close()
	all.Wait()
	r.leave()
	if r.recorder == nil {
		return nil, err
	}
	measured := r.recorder.Run(r.clock() - r.zero)
	if err != nil {
		measured.Interrupted, measured.Unfinished = true, r.unfinished.Load()
	}
	return measured, err
}

// set starts what a run has besides its connections, which goes on until inner ends, and lets them send, unless ctx ends.
func (r *run) set(ctx, inner context.Context, all *sync.WaitGroup, alarm alarm) {
	all.Go(func() { r.pace.run(inner, r.clock, alarm) })
	all.Go(func() { r.sweep(inner) })
	if r.options.Live != nil {
		r.shown = make(chan struct{})
		go func() {
			defer close(r.shown)
			r.options.Live(inner, r.recorder, func() int64 { return r.clock() - r.zero })
		}()
	}
	for more := true; more; {
		more = false
		for _, c := range r.conns {
			if ctx.Err() != nil {
				return
			}
			more = c.begin() || more
		}
	}
}

// leaveTime is how long a run that has ended waits for those who show it.
const leaveTime = time.Second

// leave waits until nobody shows the run, unless that takes long: where they write may take nothing any more.
func (r *run) leave() {
	if r.shown == nil {
		return
	}
	t := time.NewTimer(leaveTime)
	defer t.Stop()
	select {
	case <-r.shown:
	case <-t.C:
	}
}

// finish waits until all is done, or ctx ends, or the server is gone. What was due in time is waited for, for as long as a request may take: late is that it took
// longer. err is why the run ends before its time.
func (r *run) finish(ctx context.Context) (late, err error) {
	var end, drained, look <-chan time.Time
	if r.options.Duration > 0 {
		end = time.After(time.Duration(r.zero-r.clock()) + r.options.Duration)
	} else {
		t := time.NewTicker(r.options.Timeout)
		defer t.Stop()
		look = t.C
	}
	var watch vigil
	for done := r.pace.done; ; {
		select {
		case <-end:
			if done == nil {
				return nil, nil
			}
			r.pace.end()
			end, drained = nil, time.After(r.options.Timeout)
		case <-drained:
			r.expire()
			return errTimeout, nil
		case <-done:
			if end == nil || r.pace.full() {
				return nil, nil
			}
			done = nil // nothing more is due in the time that is left
		case <-look:
			if watch.gone(r.recorder.Snapshot(r.clock() - r.zero)) {
				return nil, exit.Errorf(exit.Connect, "the server is gone: for %s (--timeout) no connection could be opened and nothing was answered", r.options.Timeout)
			}
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// A vigil is what a run that has no time limit had seen when it last looked whether the server is still there: else -n would have it knock for hours.
type vigil struct{ answered, opened, refused int64 }

// gone reports whether connections were refused since, and nothing else happened.
func (v *vigil) gone(s *record.Snapshot) bool {
	last := *v
	*v = vigil{s.Answered, s.Connections, s.Kinds[Connect] + s.Kinds[TLS]}
	return v.refused > last.refused && v.answered == last.answered && v.opened == last.opened
}

// expire records what has not come, or could not be sent, by the end of the run.
func (r *run) expire() {
	now := r.clock()
	r.end.Store(now)
	r.pace.stop(now, func(due int64) { r.shard.Failed(due-r.zero, now-r.zero, Unsent, errUnsent) })
	r.haltAll(errTimeout)
}

// haltAll ends all connections for good. What is in flight has failed with late, or is not recorded if that is nil.
func (r *run) haltAll(late error) {
	for _, c := range r.conns {
		c.halt(late)
	}
}
