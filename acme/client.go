package acme

import (
	"context"
	"crypto/tls"
	"fmt"
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
	tooOftenMost   = 24 * time.Hour
	pollMost       = time.Minute // between looks at what the CA is working on
	answerMost     = 1 << 20     // bytes of an answer's content
	headMost       = 64 << 10    // bytes of its head
	redirectsMost  = 3
)

// newClient returns what speaks to a CA: paf's client, over whatever leads there.
func newClient(c *Config, ca *CA, d *directory) (*http.Client, *nethttp.Transport) {
	leads := c.Context
	if ca.Roots != nil {
		config := &tls.Config{}
		if given, ok := mimic.Get(leads, paf.TLSConfig); ok && given != nil {
			config = given.Clone()
		}
		config.RootCAs = ca.Roots
		leads = mimic.Replace(leads, paf.TLSConfig, config)
	}
	t := &nethttp.Transport{Context: leads, IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: headMost, DisableCompression: true}
	return &http.Client{Transport: &listener{next: t, at: ca.URL, directory: d}, Timeout: requestTimeout, CheckRedirect: func(_ *http.Request, via []*http.Request) error {
		if len(via) > redirectsMost {
			return fmt.Errorf("the CA has redirected more than %d times", redirectsMost)
		}
		return nil
	}}, t
}

// A listener hears when a CA says that it was asked too often, which acmez does not pass on, and keeps from acmez what it would follow without bound.
type listener struct {
	next      http.RoundTripper
	at        string // where the directory is
	directory *directory
}

// unreached is why a CA's server was not reached, which other errors of the network, as those of a Storage, are not.
type unreached struct{ err error }

// Error returns the reason.
func (u *unreached) Error() string { return u.err.Error() }

// Unwrap returns it, too.
func (u *unreached) Unwrap() error { return u.err }

// RoundTrip sends a request, and notes down how long the CA wants to be left alone.
func (l *listener) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "https" {
		if r.Body != nil {
			_ = r.Body.Close()
		}
		return nil, fmt.Errorf("the CA leads to %s, and ACME is spoken over https alone (RFC 8555, Section 6.1)", r.URL.Redacted())
	}
	if text := l.directory.get(); text != nil && r.Method == http.MethodGet && r.URL.String() == l.at {
		return answerOf(r, text), nil
	}
	resp, err := l.next.RoundTrip(r)
	if err != nil {
		return nil, &unreached{err}
	}
	said, now := resp.Header.Get("Retry-After"), time.Now()
	if n, ok := r.Context().Value(noteKey{}).(*note); ok &&
		(resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusServiceUnavailable && said != "") {
		n.set(retryAfter(said, now))
	}
	if said != "" && r.Method == http.MethodPost { // a GET is for ARI, where it is hours, and nobody sleeps meanwhile
		pause := min(max(retryAfter(said, now).Sub(now), 0), pollMost)
		resp.Header.Set("Retry-After", strconv.Itoa(int(pause.Round(time.Second)/time.Second)))
	}
	resp.Header.Del("Link") // "up" is followed without end, and no alternate chain is ever taken
	resp.Body = http.MaxBytesReader(nil, resp.Body, answerMost)
	return resp, nil
}

// retryAfter returns the time that a Retry-After field says, in seconds or as a date (RFC 9110, Section 10.2.3): no later than in a day.
func retryAfter(value string, now time.Time) time.Time {
	until, most := saidBy(value, now), now.Add(tooOftenMost)
	if until.After(most) {
		return most
	}
	return until
}

func saidBy(value string, now time.Time) time.Time {
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
