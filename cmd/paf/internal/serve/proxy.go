package serve

import (
	"fmt"
	"net"
	"net/netip"
	"strings"

	"github.com/paf-go/paf/proxyproto"
)

// A ProxyHeader says from whom headers of the PROXY protocol are required.
type ProxyHeader struct{ options proxyproto.Options }

// NewProxyHeader reads a list of prefixes and addresses, as "10.0.0.0/8,::1"; "" is everybody.
func NewProxyHeader(list string) (*ProxyHeader, error) {
	if list == "" {
		return &ProxyHeader{}, nil
	}
	var trusted []netip.Prefix
	for text := range strings.SplitSeq(list, ",") {
		text = strings.TrimSpace(text)
		p, err := netip.ParsePrefix(text)
		if err != nil {
			var a netip.Addr
			if a, err = netip.ParseAddr(text); err == nil {
				p = netip.PrefixFrom(a, a.BitLen())
			}
		}
		if err != nil {
			return nil, fmt.Errorf("%q is no address and no prefix (as 10.0.0.0/8)", text)
		}
		trusted = append(trusted, p)
	}
	return &ProxyHeader{proxyproto.Options{Policy: proxyproto.Trust(trusted...)}}, nil
}

func (p *ProxyHeader) listener(ln net.Listener) net.Listener {
	return proxyproto.NewListener(ln, p.options)
}

func (p *ProxyHeader) conn(c net.Conn) net.Conn { return proxyproto.Server(c, p.options) }
