package acme

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/big"
)

// A KeyType is a kind of private keys.
type KeyType string

// The kinds of keys. Ed25519 is here to be refused in words: no CA of the public takes it for certificates, nor this client's for accounts.
const (
	P256    KeyType = "P-256"
	P384    KeyType = "P-384"
	RSA2048 KeyType = "RSA-2048"
	RSA4096 KeyType = "RSA-4096"
	Ed25519 KeyType = "Ed25519"
)

// seedLeast is how long a seed is at the least, in bytes.
const seedLeast = 32

// check says why keys of a kind cannot be used.
func (k KeyType) check() error {
	switch k {
	case P256, P384, RSA2048, RSA4096:
		return nil
	case Ed25519:
		return errors.New("CAs do not take Ed25519, neither for accounts nor for certificates: use P256, P384, RSA2048 or RSA4096")
	}
	return fmt.Errorf("there is no kind of keys %q: use P256, P384, RSA2048 or RSA4096", string(k))
}

func (k KeyType) curve() elliptic.Curve {
	return map[KeyType]elliptic.Curve{P256: elliptic.P256(), P384: elliptic.P384()}[k]
}

func (k KeyType) bits() int { return map[KeyType]int{RSA2048: 2048, RSA4096: 4096}[k] }

// generate makes a key: a random one, or the one that belongs to a seed and a purpose.
func (k KeyType) generate(seed []byte, purpose string) (crypto.Signer, error) {
	if err := k.check(); err != nil {
		return nil, err
	}
	if len(seed) == 0 {
		if c := k.curve(); c != nil {
			return ecdsa.GenerateKey(c, rand.Reader)
		}
		return rsa.GenerateKey(rand.Reader, k.bits())
	}
	prk, err := hkdf.Extract(sha256.New, seed, []byte("paf acme "+purpose+" "+string(k)))
	if err != nil {
		return nil, err
	}
	s := &stream{prk: prk}
	if c := k.curve(); c != nil {
		return s.ecdsa(c)
	}
	return s.rsa(k.bits())
}

// A stream is what a seed yields without end: HKDF-Expand (RFC 5869, Section 2.3) with the number of the call for info.
type stream struct {
	prk []byte
	n   int
}

func (s *stream) next(length int) ([]byte, error) {
	s.n++
	return hkdf.Expand(sha256.New, s.prk, fmt.Sprint(s.n), length)
}

// ecdsa takes the first number that is a private key of the curve: by rejection, so that none is likelier than another.
func (s *stream) ecdsa(c elliptic.Curve) (*ecdsa.PrivateKey, error) {
	for range 1000 {
		b, err := s.next((c.Params().BitSize + 7) / 8)
		if err != nil {
			return nil, err
		}
		if key, err := ecdsa.ParseRawPrivateKey(c, b); err == nil {
			return key, nil
		}
	}
	return nil, errors.New("the seed yields no key")
}

// rsa takes the first two primes that make a key of so many bits with the exponent 65537. Package rsa itself yields different keys of the same bytes.
func (s *stream) rsa(bits int) (*rsa.PrivateKey, error) {
	e := big.NewInt(65537)
	p, err := s.prime(bits/2, e)
	if err != nil {
		return nil, err
	}
	q, err := s.prime(bits/2, e)
	if err != nil {
		return nil, err
	}
	one := big.NewInt(1)
	phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
	key := &rsa.PrivateKey{
		PublicKey: rsa.PublicKey{N: new(big.Int).Mul(p, q), E: int(e.Int64())},
		D:         new(big.Int).ModInverse(e, phi),
		Primes:    []*big.Int{p, q},
	}
	key.Precompute()
	return key, key.Validate()
}

// prime returns a prime whose two highest bits are set, so that the product of two has twice its length.
func (s *stream) prime(bits int, e *big.Int) (*big.Int, error) {
	for range 100 * bits {
		b, err := s.next(bits / 8)
		if err != nil {
			return nil, err
		}
		b[0] |= 0xC0
		b[len(b)-1] |= 1
		p := new(big.Int).SetBytes(b)
		rest := new(big.Int).Mod(new(big.Int).Sub(p, big.NewInt(1)), e)
		if rest.Sign() != 0 && p.ProbablyPrime(20) {
			return p, nil
		}
	}
	return nil, errors.New("the seed yields no prime")
}
