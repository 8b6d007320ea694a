package mimic_test

import (
	"context"
	"encoding/binary"
	"net"
	"strings"
	"sync/atomic"
	"testing"
)

// A nameserver answers queries for A records over UDP (RFC 1035), of the names
// it knows; others do not exist.
type nameserver struct {
	hosts   map[string][4]byte // names are fully qualified: "a.test."
	conn    net.PacketConn
	queries atomic.Int64
}

func newNameserver(t *testing.T, hosts map[string][4]byte) *nameserver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &nameserver{hosts: hosts, conn: conn}
	done := make(chan struct{})
	go func() { defer close(done); s.serve() }()
	t.Cleanup(func() { _ = conn.Close(); <-done })
	return s
}

// resolver returns a resolver that asks s alone.
func (s *nameserver) resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp", s.conn.LocalAddr().String())
	}}
}

func (s *nameserver) serve() {
	query := make([]byte, 1500)
	for {
		n, from, err := s.conn.ReadFrom(query)
		if err != nil {
			return
		}
		if answer := s.answer(query[:n]); answer != nil {
			s.queries.Add(1)
			_, _ = s.conn.WriteTo(answer, from)
		}
	}
}

// answer returns the answer to a query of one question (RFC 1035, Section 4.1).
func (s *nameserver) answer(query []byte) []byte {
	const header, typeA, noSuchName = 12, 1, 3
	if len(query) < header {
		return nil
	}
	name, rest, ok := question(query[header:])
	if !ok || len(rest) < 4 {
		return nil
	}
	a := append([]byte(nil), query[:len(query)-len(rest)+4]...)
	binary.BigEndian.PutUint16(a[2:], 0x8580) // a response, authoritative, recursion there
	clear(a[6:header])                        // no records so far
	ip, known := s.hosts[name]
	switch {
	case !known:
		a[3] |= noSuchName
	case binary.BigEndian.Uint16(rest) == typeA:
		a[7] = 1                                           // one answer:
		a = append(a, 0xc0, header, 0, typeA, 0, 1)        // the name asked for, class IN,
		a = append(append(a, 0, 0, 0, 60, 0, 4), ip[:]...) // a minute to live
	}
	return a
}

// question reads a name and returns what follows it.
func question(p []byte) (name string, rest []byte, ok bool) {
	var b strings.Builder
	for len(p) > 0 {
		n := int(p[0])
		if n == 0 {
			return strings.ToLower(b.String()), p[1:], true
		}
		if n > 63 || len(p) < 1+n {
			break
		}
		b.Write(p[1 : 1+n])
		b.WriteByte('.')
		p = p[1+n:]
	}
	return "", nil, false
}
