package proxy

import (
	"cmp"
	"context"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/semantics"
)

// A Check is how [Reverse.Watch] finds out whether an upstream is fit. A zero means the default.
type Check struct {
	// Path is asked for, by GET, behind the path of the upstream's URL. Default "/".
	Path string
	// Host is the host that is asked for. Default that of the upstream's URL.
	Host string
	// Interval is the time between two checks of an upstream. Default 5 s.
	Interval time.Duration
	// Timeout bounds one check. Default 2 s.
	Timeout time.Duration
	// Passes is how many checks must pass, one after another, before an upstream that was not fit is; Fails how many must fail before one that was
	// is not. Default 1 and 2.
	Passes, Fails int
}

// Watch checks all upstreams again and again, until ctx ends: those that do not answer, or do with a status of 400 or more, get no
// requests until they are fit again, unless there are no others. What was found out last outlasts ctx: an [Upstream] that is not to be watched any more is
// fit again as another one of the same URL.
func (r *Reverse) Watch(ctx context.Context, c Check) {
	r.init()
	c.Path, c.Interval, c.Timeout = cmp.Or(c.Path, "/"), cmp.Or(c.Interval, 5*time.Second), cmp.Or(c.Timeout, 2*time.Second)
	c.Passes, c.Fails = cmp.Or(c.Passes, 1), cmp.Or(c.Fails, 2)
	tick := time.NewTicker(c.Interval)
	defer tick.Stop()
	against := map[*Upstream]int{} // checks in a row that say otherwise than what is thought of it
	for {
		r.checkAll(ctx, &c, against)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func (r *Reverse) checkAll(ctx context.Context, c *Check, against map[*Upstream]int) {
	upstreams := r.now.Load().all
	results := make([]error, len(upstreams))
	var wg sync.WaitGroup
	for i, u := range upstreams {
		wg.Go(func() { results[i] = r.check(ctx, c, u) })
	}
	wg.Wait()
	if ctx.Err() != nil {
		return
	}
	now := make(map[*Upstream]int, len(upstreams))
	for i, u := range upstreams {
		now[u] = r.judge(c, u, results[i], against[u])
	}
	clear(against)
	for u, n := range now { // and no one that is gone
		against[u] = n
	}
}

// judge draws the conclusion of a check, and returns how many in a row have said otherwise.
func (r *Reverse) judge(c *Check, u *Upstream, err error, against int) int {
	unfit, limit := u.unfit.Load(), c.Fails
	if unfit {
		limit = c.Passes
	}
	if (err != nil) == unfit {
		return 0
	}
	if against++; against < limit {
		return against
	}
	u.unfit.Store(!unfit)
	if unfit {
		u.succeeded()
		r.log().Info("upstream is fit again", "component", "paf-proxy", "upstream", u.URL)
	} else {
		r.log().Warn("upstream is not fit", "component", "paf-proxy", "upstream", u.URL, "error", err)
	}
	return 0
}

// check asks an upstream once.
func (r *Reverse) check(ctx context.Context, c *Check, u *Upstream) error {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	out := &paf.Request{Method: semantics.MethodGet, Target: paf.Target{Scheme: u.target.Scheme, Authority: cmp.Or(c.Host, u.target.Authority), Path: u.prefix + c.Path}}
	out.Header.Add("User-Agent", "paf-proxy")
	route := *u.routeFor(&paf.Request{}, false)
	route.Key, route.Once = new(byte), true // a connection of its own: that it can be opened is part of the matter
	out.Options = &paf.SendOptions{Route: &route}
	resp, err := r.client.Do(ctx, out)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, io.LimitReader(resp.Body, checkMost))
	_ = resp.Body.Close()
	if err == nil && resp.Status >= 400 {
		err = statusError(resp.Status)
	}
	return err
}

// checkMost is how much of an answer to a check is read.
const checkMost = 64 << 10

func (r *Reverse) log() *slog.Logger { return cmp.Or(r.Log, slog.Default()) }
