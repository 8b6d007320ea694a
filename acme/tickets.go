package acme

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/caddyserver/certmagic"
)

// A TicketConfig says how the session-ticket keys of a fleet are kept. All machines of a fleet should have the same.
type TicketConfig struct {
	// Storage holds the keys: whoever can read them can read recorded TLS 1.2 sessions that were resumed, and pose as
	// a server towards clients that resume. Required.
	Storage certmagic.Storage

	// Every is how long tickets are made with one key. Default 12 h.
	Every time.Duration

	// Keep is how many keys that have had their time still open tickets: a client resumes for Keep*Every at least, and Every more at
	// most (and never longer than 7 days, RFC 8446, Section 4.6.1). Default 3.
	Keep int

	// Poll is how often the storage is read, give or take a quarter. Default a minute, and Every/20 if that is less.
	Poll time.Duration

	// Skew is the most by which two machines' clocks differ. A key is in the storage for Skew and two Polls before anybody makes tickets with it,
	// so that all can open these. Default 5 min, and Every/10 if that is less.
	Skew time.Duration

	// Log tells of new keys, and when the storage fails and works again. Default: slog.Default().
	Log *slog.Logger
}

// Tickets are the session-ticket keys of a fleet: made by one machine, shared through a storage, changed in time. So a client resumes its TLS session
// at any machine. Its methods may be called at the same time.
//
// When the storage fails, the keys that are known go on: the same on all machines, so clients still resume everywhere. Nobody makes a
// new key then; the log says since when, at level Warn.
type Tickets struct {
	config TicketConfig
	holder tls.Config // has the keys, and serves no connection
	cancel context.CancelFunc
	done   chan struct{}

	known  []ticketKey // what the storage had last
	broken time.Time   // since when it fails; zero while it works
	told   time.Time   // when that was last logged
}

// What can be wrong with session-ticket keys; each within a *TicketError.
var (
	ErrTicketConfig = errors.New("the settings cannot be used")
	ErrTicketKeys   = errors.New("the stored session-ticket keys are not what this package stores: delete them, and clients make full handshakes once")
)

// A TicketError is why session-ticket keys could not be had. It wraps one of the errors above, or what the storage or the context says.
type TicketError struct {
	Op  string // "load", "lock", "store", "configure"
	Key string // in the storage, or ""
	Err error
}

// Error says what could not be done, and why.
func (e *TicketError) Error() string {
	return fmt.Sprintf("acme: session-ticket keys: %s %s: %v", e.Op, e.Key, e.Err)
}

// Unwrap returns the reason.
func (e *TicketError) Unwrap() error { return e.Err }

const (
	ticketsName    = "session_tickets/keys.json"
	ticketsLock    = "session_tickets"
	ticketsTimeout = 30 * time.Second // for one look into the storage; a lock that was left behind in files is stale after 10 s
)

// NewTickets loads the keys, or makes the first, and keeps them up to date until Close. Without the storage it fails, with a *TicketError.
func NewTickets(ctx context.Context, config TicketConfig) (*Tickets, error) {
	if err := config.complete(); err != nil {
		return nil, &TicketError{Op: "configure", Err: err}
	}
	t := &Tickets{config: config, done: make(chan struct{})}
	if err := t.refresh(ctx); err != nil {
		return nil, err
	}
	ctx, t.cancel = context.WithCancel(context.WithoutCancel(ctx))
	go t.keep(ctx)
	return t, nil
}

// complete puts in the defaults.
func (c *TicketConfig) complete() error {
	if err := checkStorage(c.Storage); err != nil {
		return fmt.Errorf("%w: TicketConfig: %w", ErrTicketConfig, err)
	}
	if c.Every < 0 || c.Keep < 0 || c.Poll < 0 || c.Skew < 0 {
		return fmt.Errorf("%w: a number of TicketConfig is negative", ErrTicketConfig)
	}
	c.Every = cmp.Or(c.Every, 12*time.Hour)
	c.Keep = cmp.Or(c.Keep, 3)
	c.Poll = cmp.Or(c.Poll, min(time.Minute, c.Every/20))
	c.Skew = cmp.Or(c.Skew, min(5*time.Minute, c.Every/10))
	c.Log = cmp.Or(c.Log, slog.Default())
	if c.Poll == 0 || c.lead() > c.Every/2 || c.Keep > mostTicketKeys-2 {
		return fmt.Errorf("%w: TicketConfig has Every %v, Poll %v, Skew %v, Keep %d; twice Poll and Skew are at most half of Every, Keep is at most %d", ErrTicketConfig,
			c.Every, c.Poll, c.Skew, c.Keep, mostTicketKeys-2)
	}
	return nil
}

// lead is for how long a key is known before it is used.
func (c *TicketConfig) lead() time.Duration { return 2*c.Poll + c.Skew }

// Apply has a server's configuration use the keys, now and when they change. It sets WrapSession and UnwrapSession, and so works
// for whatever is cloned from config later (as by GetConfigForClient), too; SetSessionTicketKeys, on the contrary, is lost on clones that were made before.
// A configuration that is returned by GetConfigForClient without being a clone needs an Apply of its own. It is called before config is in use; after Close
// config goes on with the last keys.
func (t *Tickets) Apply(config *tls.Config) {
	config.WrapSession = t.holder.EncryptTicket
	config.UnwrapSession = t.holder.DecryptTicket
}

// Close ends the watch over the storage.
func (t *Tickets) Close() error {
	t.cancel()
	<-t.done
	return nil
}

// keep looks into the storage again and again. The pauses differ, so that the machines of a fleet do not look all at once.
func (t *Tickets) keep(ctx context.Context) {
	defer close(t.done)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		timer.Reset(t.config.Poll*3/4 + rand.N(t.config.Poll/2+1))
		select {
		case <-timer.C:
		case <-ctx.Done():
			return
		}
		err := t.refresh(ctx)
		if ctx.Err() != nil {
			return
		}
		t.tell(ctx, err)
	}
}

// tell logs when the storage begins to fail, once in the time of a key while it does, and when it works again.
func (t *Tickets) tell(ctx context.Context, err error) {
	now := time.Now()
	switch {
	case err == nil && !t.broken.IsZero():
		t.config.Log.InfoContext(ctx, "acme: session-ticket keys are shared again", "after", now.Sub(t.broken).Round(time.Second))
		t.broken, t.told = time.Time{}, time.Time{}
	case err != nil && now.Sub(t.told) >= t.config.Every:
		if t.broken.IsZero() {
			t.broken = now
		}
		t.told = now
		t.config.Log.WarnContext(ctx, "acme: session-ticket keys cannot be read or changed, the last ones go on", "since", t.broken, "error", err)
	}
}

// refresh loads the keys, makes a new one if it is time, and puts the right one in front. When it fails, that is done with those that are known.
func (t *Tickets) refresh(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, ticketsTimeout)
	defer cancel()
	keys, err := t.load(ctx)
	if err == nil && t.config.due(keys, time.Now()) {
		keys, err = t.renew(ctx, keys)
	}
	if len(keys) > 0 {
		t.known = keys
	}
	if len(t.known) > 0 {
		t.holder.SetSessionTicketKeys(t.config.secrets(t.known, time.Now()))
	}
	return err
}

// renew adds a key, unless another machine has done so before this one had the lock. If it fails, it returns what there is.
func (t *Tickets) renew(ctx context.Context, keys []ticketKey) (_ []ticketKey, err error) {
	if err := t.config.Storage.Lock(ctx, ticketsLock); err != nil {
		return keys, &TicketError{"lock", ticketsLock, err}
	}
	defer func() {
		if failed := t.config.Storage.Unlock(context.WithoutCancel(ctx), ticketsLock); failed != nil && err == nil {
			t.config.Log.WarnContext(ctx, "acme: session-ticket keys: the lock could not be given back", "error", failed)
		}
	}()
	latest, err := t.load(ctx)
	if err != nil || !t.config.due(latest, time.Now()) {
		return latest, err
	}
	more := t.config.add(latest, time.Now())
	if err := t.config.Storage.Store(ctx, ticketsName, encodeTicketKeys(more)); err != nil {
		return latest, &TicketError{"store", ticketsName, err}
	}
	t.config.Log.InfoContext(ctx, "acme: a new session-ticket key", "from", more[len(more)-1].From, "keys", len(more))
	return more, nil
}
