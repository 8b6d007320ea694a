package acme

import (
	"context"
	"crypto/tls"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/mimic"
	"github.com/paf-go/paf/nethttp"
)

const (
	requestTimeout = 30 * time.Second
	tooOftenPause  = time.Minute // where a CA does not say how long
)

// newClient returns what speaks to a CA: paf's client, over whatever leads there.
func newClient(c *Config, ca *CA) (*http.Client, *nethttp.Transport) {
	leads := c.Context
	if ca.Roots != nil {
		config := &tls.Config{}
		if given, ok := mimic.Get(leads, paf.TLSConfig); ok && given != nil {
			config = given.Clone()
		}
		config.RootCAs = ca.Roots
		leads = mimic.Replace(leads, paf.TLSConfig, config)
	}
	t := &nethttp.Transport{Context: leads, IdleConnTimeout: time.Minute}
	return &http.Client{Transport: &listener{next: t}, Timeout: requestTimeout}, t
}

// A listener hears when a CA says that it was asked too often, which acmez does not pass on.
type listener struct{ next http.RoundTripper }

// RoundTrip sends a request, and notes down how long the CA wants to be left alone.
func (l *listener) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := l.next.RoundTrip(r)
	if n, ok := r.Context().Value(noteKey{}).(*note); ok && err == nil &&
		(resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusServiceUnavailable && resp.Header.Get("Retry-After") != "") {
		n.set(retryAfter(resp.Header.Get("Retry-After"), time.Now()))
	}
	return resp, err
}

// retryAfter returns the time that a Retry-After field says, in seconds or as a date (RFC 9110, Section 10.2.3).
func retryAfter(value string, now time.Time) time.Time {
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return now.Add(time.Duration(seconds) * time.Second)
	}
	if date, err := http.ParseTime(value); err == nil {
		return date
	}
	return now.Add(tooOftenPause)
}

// A note is what the CA has said about when to ask again, in the course of one order.
type note struct {
	mu    sync.Mutex
	until time.Time
}

type noteKey struct{}

func withNote(ctx context.Context) (context.Context, *note) {
	n := &note{}
	return context.WithValue(ctx, noteKey{}, n), n
}

func (n *note) set(until time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if until.After(n.until) {
		n.until = until
	}
}

func (n *note) get() time.Time {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.until
}
