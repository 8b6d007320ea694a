package redis

import "errors"

// What can be wrong, apart from Redis itself; each within an *Error. What does not exist is fs.ErrNotExist.
var (
	ErrName      = errors.New("the name is empty, or leads out of the storage")
	ErrSealed    = errors.New("the value is sealed, and none of Config.Keys opens it: give the key with which it was stored, or delete it")
	ErrClear     = errors.New("the value is not sealed, though there are Config.Keys: store it again with them, or delete it")
	ErrMalformed = errors.New("the value was not stored by this package: choose another prefix, or delete it")
	ErrNotLocked = errors.New("the lock is not held here")
	ErrLockLost  = errors.New("the lock was lost: Redis was out of reach for longer than Config.LockTTL, has lost its data, or somebody has deleted it")
	ErrClosed    = errors.New("the storage is closed")
	ErrConfig    = errors.New("the settings cannot be used")
)

// An Error is why something could not be done. It wraps one of the errors above, fs.ErrNotExist, the context's error, or what go-redis says.
type Error struct {
	Op     string // the method: "Store", "Lock"
	Name   string // of the value or the lock, or ""
	Server string // where Redis is, without a password
	Err    error
}

// Error says what could not be done, where, and why.
func (e *Error) Error() string {
	text := "redis: " + e.Op
	if e.Name != "" {
		text += " " + e.Name
	}
	if e.Server != "" {
		text += " at " + e.Server
	}
	return text + ": " + e.Err.Error()
}

// Unwrap returns the reason.
func (e *Error) Unwrap() error { return e.Err }
