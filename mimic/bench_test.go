package mimic_test

import (
	"context"
	"net/netip"
	"testing"

	"github.com/paf-go/paf/mimic"
)

// BenchmarkResolve is what a client does for a new connection: derive a context
// from the base and resolve it, through two functions.
func BenchmarkResolve(b *testing.B) {
	flows := &memory{}
	tcp := mimic.Register("tcp", mimic.NoPriority, func(context.Context, netip.AddrPort) (*memory, error) { return flows, nil })
	host, ip, port := mimic.NewKey[string]("host"), mimic.NewKey[netip.Addr]("ip"), mimic.NewKey[uint16]("port")
	base := mimic.Fold1(mimic.Context{}, ip, mimic.Req(host), lookup)
	base = mimic.Fold2(base, tcp, mimic.Req(ip), mimic.Default(port, 80),
		func(_ context.Context, ip netip.Addr, port uint16) (netip.AddrPort, error) {
			return netip.AddrPortFrom(ip, port), nil
		})
	b.ReportAllocs()
	for b.Loop() {
		c := mimic.Add(mimic.Add(base, host, "server.test"), port, 8080)
		if _, err := c.Resolve(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
