package proxying

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"io"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/proxy"
)

// Options say what is run.
type Options struct {
	Load   func() (*Config, error) // is called at the start, and for each reload
	Reload <-chan os.Signal        // asks for one; nil for never
	Out    io.Writer               // receives the line a request
	Err    io.Writer               // receives all else, the addresses first
}

// A Runner is a running proxy. Its fields are those of the goroutine of Run, but where they say otherwise.
type Runner struct {
	log   *slog.Logger // what happens
	lines *slog.Logger // requests
	name  string       // in Via: the same for all sites, and from one reload to the next

	now    atomic.Pointer[generation] // everybody's
	secure atomic.Pointer[tls.Config] // everybody's

	ctx     context.Context // of the listeners
	checks  context.Context // of the health checks
	watches sync.WaitGroup
	ended   chan error // has what servers end with
	serving int        // servers

	plan      *plan
	sites     map[string]*site
	upstreams map[upstreamKey]*proxy.Upstream
	forward   *forward
	doors     map[string]*opened // by address

	mu      sync.Mutex
	clients map[string]*client // those in use; mu guards it
}

// Run is a proxy until ctx ends and the exchanges in progress are finished, or until a listener fails.
func Run(ctx context.Context, o Options) error {
	p, err := load(o.Load, nil)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	checks, unwatch := context.WithCancel(context.Background())
	r := &Runner{
		log: logger(p.Log, o.Err), lines: logger(p.Log, o.Out), name: "paf-" + rand.Text()[:8],
		ctx: ctx, checks: checks, ended: make(chan error),
		doors: map[string]*opened{}, clients: map[string]*client{},
	}
	defer r.watches.Wait()
	defer unwatch()
	if err := r.enforce(p); err != nil {
		return err
	}
	err = r.wait(o)
	cancel()
	r.finish()
	return err
}

func load(from func() (*Config, error), before *plan) (*plan, error) {
	c, err := from()
	if err != nil {
		return nil, err
	}
	return newPlan(c, before)
}

// wait takes new configurations until the end.
func (r *Runner) wait(o Options) error {
	for {
		select {
		case <-r.ctx.Done():
			if n := r.now.Load().holders.Load() - 1; n > 0 {
				r.log.Info("stopping", "requests", n)
			}
			return nil
		case err := <-r.ended:
			if r.serving--; err != nil {
				return err
			}
		case <-o.Reload:
			r.reload(o.Load)
		}
	}
}

// reload puts a new configuration into force, if it is right.
func (r *Runner) reload(from func() (*Config, error)) {
	begun := time.Now()
	p, err := load(from, r.plan)
	if err == nil && p.Log != r.plan.Log {
		err = wrong("log cannot become %s without a restart", p.Log)
	}
	if err == nil {
		err = r.enforce(p)
	}
	if err != nil {
		r.log.Error("not reloaded: what was in force stays so", "error", err)
		return
	}
	r.log.Info("reloaded", "took", time.Since(begun))
}

// finish waits for the servers, and closes what is left.
func (r *Runner) finish() {
	for ; r.serving > 0; r.serving-- {
		if err := <-r.ended; err != nil {
			r.log.Error("a listener has failed", "error", err)
		}
	}
	for _, d := range r.doors {
		d.socket.ln.Close()
	}
	for _, s := range r.sites {
		s.stop()
	}
	r.now.Load().release()
}

// A next is what is to be in force.
type next struct {
	sites     map[string]*site
	upstreams map[upstreamKey]*proxy.Upstream
	forward   *forward
	clients   map[string]*client
}

// enforce puts a plan into force, or returns an error and leaves all as it is.
func (r *Runner) enforce(p *plan) error {
	n := &next{sites: map[string]*site{}, upstreams: map[upstreamKey]*proxy.Upstream{}, clients: map[string]*client{}}
	sockets, err := r.listen(p)
	if err != nil {
		return err
	}
	g := &generation{hosts: map[string]paf.Handler{}, below: map[string]paf.Handler{}, quiet: p.Quiet}
	g.holders.Store(1)
	if p.Forward {
		n.forward = r.forwarder(p, n)
		g.other = n.forward
	}
	for _, said := range p.sites() {
		s := r.site(&said, p.authorities[said.UpstreamCA], n)
		s.enforce(r)
		n.sites[said.id()] = s
		g.add(said.Name, s.reverse)
	}
	r.use(n, g)
	if r.tell(p.secure); p.secure != nil {
		r.secure.Store(p.secure)
	}
	if p.isOpen() && (r.plan == nil || !r.plan.isOpen()) {
		r.log.Warn("this is an open proxy: everybody who reaches it is led everywhere; users, allow or a listen address of this machine alone would bound that")
	}
	r.plan = p
	r.open(p, sockets)
	return nil
}

// use makes g the generation that answers.
func (r *Runner) use(n *next, g *generation) {
	g.drained = func() { r.drop(n.clients) }
	before := r.now.Swap(g)
	for id, s := range r.sites {
		if now := n.sites[id]; now == nil || now.reverse != s.reverse {
			s.stop()
		}
	}
	r.sites, r.upstreams, r.forward = n.sites, n.upstreams, n.forward
	if before != nil {
		before.release()
	}
}

// drop closes the clients that a generation had and nobody else has.
func (r *Runner) drop(clients map[string]*client) {
	var unused []*client
	r.mu.Lock()
	for key, c := range clients {
		if c.holders--; c.holders == 0 {
			unused = append(unused, c)
			delete(r.clients, key)
		}
	}
	r.mu.Unlock()
	for _, c := range unused {
		c.Close()
	}
}

// client returns the client of a kind, for the generation that is to come: one that is in use, or a new one.
func (n *next) client(r *Runner, key string, timeout Duration, forward bool) *client {
	if c := n.clients[key]; c != nil {
		return c
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.clients[key]
	if c == nil {
		c = r.newClient(timeout, forward)
		r.clients[key] = c
	}
	c.holders++
	n.clients[key] = c
	return c
}
