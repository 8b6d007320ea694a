package netstack_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"testing"

	"github.com/paf-go/paf/netstack"
)

// TestAPairMovesPacketsWhole sends packets of all sizes one way, more than there is room for, while they are read.
func TestAPairMovesPacketsWhole(t *testing.T) {
	a, b := netstack.Pair()
	const packets = 2000
	packet := func(r *rand.Rand, i int) []byte { return bytes.Repeat([]byte{byte(i)}, 1+r.IntN(65535)) }
	go func() {
		r := rand.New(rand.NewPCG(1, 1))
		for i := range packets {
			_, _ = a.Carrier.Write(packet(r, i))
		}
		_ = a.Carrier.Close()
	}()
	r, p := rand.New(rand.NewPCG(1, 1)), make([]byte, 65535)
	for i := range packets {
		n, err := b.Carrier.Read(p)
		if err != nil || !bytes.Equal(p[:n], packet(r, i)) {
			t.Fatalf("packet %d: %d bytes, %v", i, n, err)
		}
	}
	if _, err := b.Carrier.Read(p); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
	if _, err := b.Carrier.Write(p); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("a Write to nobody: %v", err)
	}
}

func TestDatagramsOfAStrangerAreNotRead(t *testing.T) {
	var socks [3]net.PacketConn
	for i := range socks {
		var err error
		if socks[i], err = net.ListenPacket("udp", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
		defer socks[i].Close()
	}
	ours := netstack.Datagrams(socks[0], socks[1].LocalAddr())
	for i, text := range []string{"stranger", "peer"} {
		if _, err := socks[2-i].WriteTo([]byte(text), socks[0].LocalAddr()); err != nil {
			t.Fatal(err)
		}
	}
	p := make([]byte, 100)
	if n, err := ours.Read(p); err != nil || string(p[:n]) != "peer" {
		t.Errorf("%q, %v", p[:n], err)
	}
}
