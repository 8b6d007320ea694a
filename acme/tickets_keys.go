package acme

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io/fs"
	"slices"
	"time"
)

// mostTicketKeys is how many keys are taken from a storage at most: each costs a server an attempt at each ticket it cannot open.
const mostTicketKeys = 64

// A ticketKey is a session-ticket key. Keys are kept in the order in which they were made.
type ticketKey struct {
	From   time.Time `json:"from"`   // tickets are made with it from then on, until the next key's time
	Secret []byte    `json:"secret"` // 32 bytes
}

// ticketKeys is what is stored.
type ticketKeys struct {
	Keys []ticketKey `json:"keys"`
}

// load reads the keys. That there are none yet is no error.
func (t *Tickets) load(ctx context.Context) ([]ticketKey, error) {
	text, err := t.config.Storage.Load(ctx, ticketsName)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, &TicketError{"load", ticketsName, err}
	}
	keys, err := decodeTicketKeys(text)
	if err != nil {
		return nil, &TicketError{"load", ticketsName, err}
	}
	return keys, nil
}

func encodeTicketKeys(keys []ticketKey) []byte {
	text, err := json.Marshal(ticketKeys{keys})
	if err != nil {
		panic(err) // times of this era and bytes can be encoded
	}
	return text
}

// decodeTicketKeys takes apart what is stored. Its error cites nothing of it.
func decodeTicketKeys(text []byte) ([]ticketKey, error) {
	var stored ticketKeys
	if json.Unmarshal(text, &stored) != nil || len(stored.Keys) == 0 || len(stored.Keys) > mostTicketKeys ||
		slices.ContainsFunc(stored.Keys, func(k ticketKey) bool { return len(k.Secret) != 32 || k.From.IsZero() }) {
		return nil, ErrTicketKeys
	}
	return stored.Keys, nil
}

// due says whether it is time to make a key. Keys further in the future than any that is made now are not looked at: they come from a clock that is
// wrong, and a fleet is not to wait for their time.
func (c *TicketConfig) due(keys []ticketKey, now time.Time) bool {
	for _, k := range keys {
		if k.From.After(now.Add(c.lead()-c.Every)) && !k.From.After(now.Add(c.lead()+c.Skew)) {
			return false
		}
	}
	return true
}

// add adds a key to those of the storage, and drops those that were made first, not those with the earliest times: a machine with a wrong clock is not
// to drop what all others use.
func (c *TicketConfig) add(keys []ticketKey, now time.Time) []ticketKey {
	k := ticketKey{From: now.UTC(), Secret: make([]byte, 32)}
	if len(keys) > 0 {
		k.From = k.From.Add(c.lead())
	}
	rand.Read(k.Secret)
	keys = append(slices.Clone(keys), k)
	return keys[max(0, len(keys)-c.Keep-2):] // those that have had their time, the one whose time it is, and the new one
}

// secrets returns the keys for crypto/tls: first the one with which tickets are made, then the others, the latest first. Of those before it
// there are Keep; the storage has one more, until the next key's time.
func (c *TicketConfig) secrets(keys []ticketKey, now time.Time) [][32]byte {
	first := 0 // with a clock that is far behind none has come to its time; the oldest is what most know
	for i, k := range keys {
		if !k.From.After(now) && (keys[first].From.After(now) || !k.From.Before(keys[first].From)) {
			first = i
		}
	}
	secrets := [][32]byte{[32]byte(keys[first].Secret)}
	for i := len(keys) - 1; i >= max(0, first-c.Keep); i-- {
		if i != first {
			secrets = append(secrets, [32]byte(keys[i].Secret))
		}
	}
	return secrets
}
