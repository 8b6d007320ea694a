package redis

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"fmt"
	"slices"
	"time"
)

// What a value begins with: how it is kept, and when it was stored, in nanoseconds of Unix time.
const (
	clear      = 'c'
	sealed     = 's'
	headLength = 1 + 8
)

// A safe turns values into what Redis holds, and back. Without ciphers they lie there as they are.
type safe struct {
	prefix  string        // of all names, which has no braces: a fleet's values are not another's
	ciphers []cipher.AEAD // the first seals, all open
}

// newSafe makes a safe for keys of 32 bytes.
func newSafe(prefix string, keys [][]byte) (*safe, error) {
	s := &safe{prefix: prefix}
	for i, key := range keys {
		if len(key) != 32 {
			return nil, fmt.Errorf("%w: Config.Keys: number %d has %d bytes, not 32", ErrConfig, i+1, len(key))
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, err
		}
		// Its nonces are 96 random bits, good for 2^32 values under one key (NIST SP 800-38D, Section 8.3); a fleet writes some thousands.
		aead, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil {
			return nil, err
		}
		s.ciphers = append(s.ciphers, aead)
	}
	return s, nil
}

// put returns what is kept of a value.
func (s *safe) put(name string, value []byte, now time.Time) []byte {
	head := make([]byte, headLength, headLength+len(value)+28)
	head[0] = clear
	binary.BigEndian.PutUint64(head[1:], uint64(now.UnixNano()))
	if len(s.ciphers) == 0 {
		return append(head, value...)
	}
	head[0] = sealed
	return s.ciphers[0].Seal(head, nil, value, s.bound(head, name))
}

// take returns the value of what put returned, and when that was.
func (s *safe) take(name string, kept []byte) ([]byte, time.Time, error) {
	if len(kept) < headLength || kept[0] != clear && kept[0] != sealed {
		return nil, time.Time{}, ErrMalformed
	}
	head, rest := kept[:headLength], kept[headLength:]
	stored := time.Unix(0, int64(binary.BigEndian.Uint64(head[1:])))
	if head[0] == clear {
		// Whoever can write into Redis, but has no key, must not have a value of theirs taken for a sealed one.
		if len(s.ciphers) > 0 {
			return nil, time.Time{}, ErrClear
		}
		return rest, stored, nil
	}
	for _, aead := range s.ciphers {
		if value, err := aead.Open(nil, nil, rest, s.bound(head, name)); err == nil {
			return value, stored, nil
		}
	}
	return nil, time.Time{}, ErrSealed
}

// bound is what a seal holds beside the value: where it lies, so that it cannot be put anywhere else.
func (s *safe) bound(head []byte, name string) []byte {
	return append(slices.Clone(head[:headLength]), "{"+s.prefix+"}:"+name...)
}
