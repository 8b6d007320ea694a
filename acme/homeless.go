package acme

import (
	"context"

	"github.com/caddyserver/certmagic"
)

// A homeless Storage has no folder: every use of it fails with the reason.
type homeless struct{ err error }

var _ Storage = homeless{}

// Lock fails, as all that follow.
func (h homeless) Lock(context.Context, string) error { return h.err }

// Unlock fails.
func (h homeless) Unlock(context.Context, string) error { return h.err }

// Store fails.
func (h homeless) Store(context.Context, string, []byte) error { return h.err }

// Load fails.
func (h homeless) Load(context.Context, string) ([]byte, error) { return nil, h.err }

// Delete fails.
func (h homeless) Delete(context.Context, string) error { return h.err }

// Exists is false.
func (h homeless) Exists(context.Context, string) bool { return false }

// List fails.
func (h homeless) List(context.Context, string, bool) ([]string, error) { return nil, h.err }

// Stat fails.
func (h homeless) Stat(context.Context, string) (certmagic.KeyInfo, error) {
	return certmagic.KeyInfo{}, h.err
}
