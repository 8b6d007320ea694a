package proxy_test

import (
	"errors"
	"net/netip"
	"testing"

	"github.com/paf-go/paf/proxy"
)

func rules(t testing.TB, texts ...string) (all []proxy.Rule) {
	t.Helper()
	for _, s := range texts {
		r, err := proxy.ParseRule(s)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	return all
}

func TestAccessIsWhatTheRulesSay(t *testing.T) {
	for _, c := range []struct {
		access proxy.Access
		name   string
		port   uint16
		addr   string
		want   bool
	}{
		{proxy.Access{}, "example.org", 443, "93.184.216.34", true},
		{proxy.Access{}, "example.org", 8080, "93.184.216.34", true},
		{proxy.Access{}, "example.org", 25, "93.184.216.34", false},
		{proxy.Access{}, "example.org", 22, "93.184.216.34", false},
		{proxy.Access{}, "innocent.test", 80, "127.0.0.1", false},
		{proxy.Access{}, "innocent.test", 80, "10.1.2.3", false},
		{proxy.Access{}, "innocent.test", 80, "169.254.169.254", false},
		{proxy.Access{}, "innocent.test", 80, "100.64.1.1", false},
		{proxy.Access{}, "innocent.test", 80, "::1", false},
		{proxy.Access{}, "innocent.test", 80, "fd00::1", false},
		{proxy.Access{}, "innocent.test", 80, "fe80::1", false},
		{proxy.Access{}, "innocent.test", 80, "::ffff:127.0.0.1", false},
		{proxy.Access{}, "innocent.test", 80, "64:ff9b::7f00:1", false},
		{proxy.Access{}, "innocent.test", 80, "2002:7f00:1::", false},
		{proxy.Access{}, "innocent.test", 80, "::127.0.0.1", false},
		{proxy.Access{}, "innocent.test", 80, "::ffff:0:7f00:1", false},
		{proxy.Access{}, "innocent.test", 80, "2606:4700::1", true},
		{proxy.Access{Private: true, Deny: rules(t, "::ffff:10.0.0.0/104")}, "innocent.test", 80, "10.0.0.1", false},
		{proxy.Access{}, "innocent.test", 80, "0.0.0.0", false},
		{proxy.Access{}, "innocent.test", 80, "::", false},
		{proxy.Access{Private: true}, "innocent.test", 80, "10.1.2.3", true},
		{proxy.Access{Deny: rules(t, "*.example.org")}, "a.example.org", 443, "93.184.216.34", false},
		{proxy.Access{Deny: rules(t, "*.example.org")}, "A.Example.ORG.", 443, "93.184.216.34", false},
		{proxy.Access{Deny: rules(t, "*.example.org")}, "example.org", 443, "93.184.216.34", true},
		{proxy.Access{Deny: rules(t, "*.example.org")}, "anexample.org", 443, "93.184.216.34", true},
		{proxy.Access{Deny: rules(t, "93.184.216.0/24")}, "example.org", 443, "93.184.216.34", false},
		{proxy.Access{Deny: rules(t, "example.org:8000-9000")}, "example.org", 8080, "93.184.216.34", false},
		{proxy.Access{Deny: rules(t, "example.org:8000-9000")}, "example.org", 443, "93.184.216.34", true},
		{proxy.Access{Allow: rules(t, "example.org")}, "example.org", 443, "93.184.216.34", true},
		{proxy.Access{Allow: rules(t, "example.org")}, "example.com", 443, "93.184.216.34", false},
		{proxy.Access{Allow: rules(t, "example.org")}, "example.org", 22, "93.184.216.34", false},
		{proxy.Access{Allow: rules(t, "example.org:22")}, "example.org", 22, "93.184.216.34", true},
		{proxy.Access{Allow: rules(t, "intranet.test")}, "intranet.test", 443, "10.0.0.1", true},
		{proxy.Access{Allow: rules(t, "*.test")}, "intranet.test", 443, "10.0.0.1", false},
		{proxy.Access{Allow: rules(t, "10.0.0.0/8")}, "whatever.test", 443, "10.0.0.1", true},
		{proxy.Access{Allow: rules(t, "*")}, "whatever.test", 443, "10.0.0.1", false},
		{proxy.Access{Allow: rules(t, "*:25")}, "mail.test", 25, "93.184.216.34", true},
		{proxy.Access{Allow: rules(t, "[2001:4860::]:443")}, "2001:4860::", 443, "2001:4860::", true},
		{proxy.Access{Allow: rules(t, "*"), Deny: rules(t, "example.org")}, "example.org", 443, "93.184.216.34", false},
		{proxy.Access{Ports: []proxy.Ports{{First: 443, Last: 443}}}, "example.org", 80, "93.184.216.34", false},
	} {
		err := c.access.Check(c.name, c.port, netip.MustParseAddr(c.addr))
		if (err == nil) != c.want || err != nil && !errors.Is(err, proxy.ErrForbidden) {
			t.Errorf("%+v: %s:%d at %s: %v", c.access, c.name, c.port, c.addr, err)
		}
	}
}

func TestARuleThatIsNoneIsRefused(t *testing.T) {
	for _, s := range []string{"", "a b", "http://a", "a:0", "a:b", "a:2-1", "*..", "a*b", "a/b", "[::1", "a@b", "10.0.0.0/33", "::ffff:10.0.0.0/90", "example.org:443-80"} {
		if r, err := proxy.ParseRule(s); err == nil {
			t.Errorf("%q: %+v", s, r)
		}
	}
}
