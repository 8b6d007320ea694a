package proxying

import (
	"errors"
	"net"
	"strings"
	"sync/atomic"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/cmd/paf/internal/reply"
	"github.com/paf-go/paf/proxy"
	"github.com/paf-go/paf/semantics"
)

// A generation is what answers requests from one reload to the next.
type generation struct {
	hosts map[string]paf.Handler // by name
	below map[string]paf.Handler // by the name that theirs are below
	other paf.Handler            // of all other hosts, nil for none
	quiet bool

	holders atomic.Int64 // requests, and one while it is in force
	drained func()       // called when there are no more
}

// hold reports whether the generation can still be used, and holds it if so.
func (g *generation) hold() bool {
	for {
		n := g.holders.Load()
		if n == 0 {
			return false
		}
		if g.holders.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

func (g *generation) release() {
	if g.holders.Add(-1) == 0 {
		g.drained()
	}
}

// add makes a handler that of a site's names.
func (g *generation) add(names []string, h paf.Handler) {
	if len(names) == 0 {
		g.other = h
	}
	for _, name := range names {
		host, _ := hostPattern(name) // which has been checked
		if domain, is := strings.CutPrefix(host, "*."); is {
			g.below[domain] = h
		} else if host == "*" {
			g.other = h
		} else {
			g.hosts[host] = h
		}
	}
}

// handler returns who answers for a host: it itself, the longest domain that it is below, or all others.
func (g *generation) handler(authority string) paf.Handler {
	if len(g.hosts)+len(g.below) == 0 {
		return g.other
	}
	host, _, valid := semantics.SplitAuthority(authority)
	if !valid {
		return g.other
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if h, is := g.hosts[host]; is {
		return h
	}
	if net.ParseIP(host) == nil {
		for rest := host; ; {
			_, domain, more := strings.Cut(rest, ".")
			if !more {
				break
			}
			if h, is := g.below[domain]; is {
				return h
			}
			rest = domain
		}
	}
	return g.other
}

var errNoSite = errors.New("no site has this host")

// Serve implements [paf.Handler].
func (r *Runner) Serve(w *paf.ResponseWriter, in *paf.Request) {
	g := r.now.Load()
	for !g.hold() { // it has been replaced since
		g = r.now.Load()
	}
	defer g.release()
	if h := g.handler(in.Authority); h != nil {
		h.Serve(w, in)
		return
	}
	reply.Status(w, semantics.StatusMisdirectedRequest) // RFC 9110, Section 7.4
	r.line(w, in, &proxy.Report{Err: errNoSite})
}
