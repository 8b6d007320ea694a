package proxying

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"reflect"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/proxy"
	"github.com/paf-go/paf/proxyproto"
)

// A site is a Site that is in force. It lives as long as nothing changes but its upstreams.
type site struct {
	said      Passing
	reverse   *proxy.Reverse
	client    *paf.Client
	upstreams []*proxy.Upstream // those that the newest plan wants
	weights   []int
	stop      context.CancelFunc // of its checks
}

// An upstreamKey is what makes an upstream the same as before.
type upstreamKey struct {
	site, url   string
	version     Version
	authorities string // their file
	checked     bool   // else a check that has failed would count for ever, as nobody repeats it
}

// A client sends requests to upstreams. It is closed when nobody needs it.
type client struct {
	*paf.Client
	holders int // generations; Runner.mu guards it
}

// newClient makes a client for upstreams, or for where the clients of a forward proxy want to go: they may name as many servers as they like.
func (r *Runner) newClient(timeout Duration, forward bool) *client {
	c := &paf.Client{MaxRedirects: -1, OpenTimeout: 5 * time.Second, MaxConns: 1024, MaxIdle: 256, Log: r.log}
	if forward {
		c.OpenTimeout, c.MaxIdleAll = 10*time.Second, 1024
	}
	c.Limits.ResponseTimeout = never(time.Duration(timeout))
	return &client{Client: c}
}

// site returns what a Site is to be: what it is already if that is possible. Nothing that is in force is touched. trust is nil for the system's authorities.
func (r *Runner) site(said *Site, trust *authorities, fresh *next) *site {
	name := said.id()
	s := &site{said: said.Passing}
	for _, to := range said.To {
		key := upstreamKey{site: name, url: to.URL, version: said.ProxyProtocolOut, checked: said.Health.Path != ""}
		if trust != nil {
			key.authorities = string(trust.text)
		}
		u := r.upstreams[key]
		if u == nil {
			u = &proxy.Upstream{URL: to.URL, Preface: preface(said.ProxyProtocolOut)}
			if trust != nil {
				u.TLS = &tls.Config{RootCAs: trust.pool}
			}
		}
		fresh.upstreams[key] = u
		s.upstreams, s.weights = append(s.upstreams, u), append(s.weights, to.Weight)
	}
	s.client = fresh.client(r, fmt.Sprint("reverse ", time.Duration(said.Timeout)), said.Timeout, false).Client
	if old := r.sites[name]; old != nil && reflect.DeepEqual(old.said, s.said) {
		s.reverse, s.stop = old.reverse, old.stop
	}
	return s
}

// id returns by what a site is known from one configuration to the next.
func (s *Site) id() string {
	if len(s.Name) == 0 {
		return ""
	}
	return s.Name[0]
}

// enforce makes a site what it is to be.
func (s *site) enforce(r *Runner) {
	for i, u := range s.upstreams {
		u.Weight = s.weights[i]
	}
	if s.reverse == nil {
		s.begin(r)
	}
	_ = s.reverse.Use(s.upstreams) // their URLs have been tried
	if s.stop == nil {
		s.watch(r)
	}
}

// begin makes the Reverse of a site that is new, or to be another.
func (s *site) begin(r *Runner) {
	said := &s.said
	s.reverse = &proxy.Reverse{
		Client:         s.client,
		Forwarded:      forwarded[said.Forwarded],
		TrustForwarded: said.TrustForwarded,
		Host:           said.Host,
		Name:           r.name,
		Upgrades:       said.upgrades(),
		Tunnels:        said.tunnels(),
		OnDone:         r.done,
		OnError:        r.failed,
		Log:            r.log,
	}
}

// watch has the upstreams checked until the site is stopped.
func (s *site) watch(r *Runner) {
	ctx, stop := context.WithCancel(r.checks)
	s.stop = stop
	if said := &s.said; said.Health.Path != "" {
		r.watches.Go(func() {
			s.reverse.Watch(ctx, proxy.Check{Path: said.Health.Path, Interval: said.Health.Interval, Host: said.Host})
		})
	}
}

func (p *Passing) upgrades() []string {
	all := []string{} // not nil, which would mean the library's default
	for _, u := range p.Upgrade {
		if u != "none" {
			all = append(all, u)
		}
	}
	return all
}

func (p *Passing) tunnels() proxy.TunnelLimits {
	return proxy.TunnelLimits{Idle: never(time.Duration(p.TunnelIdle)), Time: time.Duration(p.TunnelTime), Bytes: int64(p.TunnelBytes)}
}

// preface returns what makes headers of the PROXY protocol.
func preface(version Version) func(client, local net.Addr) ([]byte, error) {
	if version == 0 {
		return nil
	}
	return func(client, local net.Addr) ([]byte, error) {
		var head bytes.Buffer
		err := proxyproto.Send(&head, &proxyproto.Header{Version: int(version), Source: client, Destination: local, Local: client == nil})
		return head.Bytes(), err
	}
}
