package proxying

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/paf-go/paf/cmd/paf/internal/exit"
	"github.com/paf-go/paf/semantics"
)

// A Config is what `paf proxy` is told, by flags or in a file, in the same words.
type Config struct {
	File string `yaml:"-"` // that it was read from, "" for the command line

	Listen List     `yaml:"listen"` // addresses: "host:port", "unix:PATH" or "vsock:PORT", "tls:" before one that speaks TLS
	TLS    bool     `yaml:"tls"`    // all of them speak TLS
	Cert   List     `yaml:"cert"`   // PEM files
	Key    List     `yaml:"key"`
	ALPN   string   `yaml:"alpn"`
	Grace  Duration `yaml:"grace"` // how long exchanges may go on when they are to end
	Log    string   `yaml:"log"`   // "text" or "json"
	Quiet  bool     `yaml:"quiet"` // no line a request

	Forward      bool   `yaml:"forward"`
	Allow        Rules  `yaml:"allow"`
	Deny         Rules  `yaml:"deny"`
	AllowPrivate bool   `yaml:"allow-private"`
	Users        string `yaml:"users"` // a file

	To      Upstreams `yaml:"to"` // for hosts that no site has
	Passing `yaml:",inline"`

	Sites []Site `yaml:"sites"`
}

// A Site is some hosts and what is done with requests for them.
type Site struct {
	Name    List      `yaml:"name"`
	To      Upstreams `yaml:"to"`
	Cert    List      `yaml:"cert"`
	Key     List      `yaml:"key"`
	Passing `yaml:",inline"`
}

// Passing is how requests are passed on. What the whole file says holds for the sites that do not say otherwise.
type Passing struct {
	Health           Health    `yaml:"health"`
	Host             string    `yaml:"host"`
	UpstreamCA       string    `yaml:"upstream-ca"` // a PEM file; "" for the system's authorities
	Forwarded        Forwarded `yaml:"forwarded"`
	TrustForwarded   bool      `yaml:"trust-forwarded"`
	Upgrade          List      `yaml:"upgrade"`
	ProxyProtocolOut Version   `yaml:"proxy-protocol-out"`
	Timeout          Duration  `yaml:"timeout"`
	TunnelIdle       Duration  `yaml:"tunnel-idle"`
	TunnelTime       Duration  `yaml:"tunnel-time"`
	TunnelBytes      Bytes     `yaml:"tunnel-bytes"`
}

// Default returns what holds where nothing is said.
func Default() *Config {
	return &Config{
		Listen: List{"127.0.0.1:8080"},
		ALPN:   "h2,http/1.1",
		Grace:  Duration(30 * time.Second),
		Log:    "text",
		Passing: Passing{
			Forwarded:  "x",
			Upgrade:    List{"websocket"},
			Timeout:    Duration(time.Minute),
			TunnelIdle: Duration(15 * time.Minute),
		},
	}
}

// wrong is the error of a Config that cannot be put into force.
func wrong(format string, args ...any) error { return exit.Errorf(exit.Usage, format, args...) }

// check says what does not fit together.
func (c *Config) check() error {
	switch {
	case len(c.Listen) == 0:
		return wrong("there is no address to listen on")
	case c.Log != "text" && c.Log != "json":
		return wrong("%s is text or json, not %q", c.options("log"), c.Log)
	case c.Forward && len(c.To)+len(c.Sites) > 0:
		return wrong("either %s, or upstreams to pass requests on to, not both", c.options("forward"))
	case !c.Forward && len(c.To)+len(c.Sites) == 0:
		return wrong("where are requests to go? --to URL names an upstream, --forward leaves it to the clients")
	case c.Forward && len(c.Passing.forGateways()) > 0:
		return wrong("%s: only for upstreams, which forward has none of", c.options(c.Passing.forGateways()...))
	case !c.Forward && (len(c.Allow)+len(c.Deny) > 0 || c.AllowPrivate || c.Users != ""):
		return wrong("%s are for %s", c.options("allow", "deny", "allow-private", "users"), c.options("forward"))
	}
	for _, s := range c.Sites {
		if len(c.To) > 0 && slices.Contains(s.Name, "*") {
			return wrong("the site \"*\" and to are both for all other hosts: one of them is enough")
		}
	}
	seen := map[string]bool{}
	for _, s := range c.sites() {
		if err := s.check(seen); err != nil {
			return err
		}
	}
	return nil
}

// options returns options as whoever has given them says them.
func (c *Config) options(names ...string) string {
	if c.File == "" {
		names = slices.Clone(names)
		for i := range names {
			names[i] = "--" + names[i]
		}
	}
	if last := len(names) - 1; last > 0 {
		return strings.Join(names[:last], ", ") + " and " + names[last]
	}
	return names[0]
}

// forGateways returns the options that are set and mean something to a gateway alone.
func (p *Passing) forGateways() (names []string) {
	usual := Default().Passing
	for _, o := range []struct {
		name string
		set  bool
	}{
		{"health", p.Health.Path != ""}, {"host", p.Host != ""}, {"upstream-ca", p.UpstreamCA != ""}, {"forwarded", p.Forwarded != usual.Forwarded},
		{"trust-forwarded", p.TrustForwarded}, {"upgrade", !slices.Equal(p.Upgrade, usual.Upgrade)}, {"proxy-protocol-out", p.ProxyProtocolOut != 0},
	} {
		if o.set {
			names = append(names, o.name)
		}
	}
	return names
}

// check says which of the values cannot be sent to an upstream.
func (p *Passing) check() error {
	if p.Host != "" && !semantics.ValidAuthority(p.Host) {
		return fmt.Errorf("host: %q is no host, as app.internal or app.internal:8080", p.Host)
	}
	for _, u := range p.Upgrade {
		name, version, versioned := strings.Cut(u, "/")
		switch {
		case u == "none" && len(p.Upgrade) > 1:
			return errors.New("upgrade: none is for no protocol at all, and there are others")
		case !semantics.ValidName(name) || versioned && !semantics.ValidName(version):
			return fmt.Errorf("upgrade: %q is no name of a protocol, as websocket", u)
		}
	}
	return nil
}

// sites returns all sites: that of all hosts which no other site has comes last, without a name.
func (c *Config) sites() []Site {
	all := slices.Clone(c.Sites)
	if len(c.To) > 0 {
		all = append(all, Site{To: c.To, Passing: c.Passing})
	}
	return all
}

// title says which site is meant.
func (s *Site) title() string {
	if len(s.Name) == 0 {
		return ""
	}
	return "site " + s.Name[0] + ": "
}

// check says what is wrong with a site; seen are the names that others have.
func (s *Site) check(seen map[string]bool) error {
	for _, name := range s.Name {
		host, err := hostPattern(name)
		switch {
		case err != nil:
			return wrong("%s%w", s.title(), err)
		case seen[host]:
			return wrong("%s%s is the name of another site, too", s.title(), name)
		}
		seen[host] = true
	}
	if len(s.To) == 0 {
		return wrong("%sit has no upstream: to is missing", s.title())
	}
	urls := map[string]bool{}
	for _, to := range s.To {
		if urls[to.URL] {
			return wrong("%sthe upstream %s is there twice", s.title(), to.URL)
		}
		urls[to.URL] = true
	}
	if err := s.Passing.check(); err != nil {
		return wrong("%s%w", s.title(), err)
	}
	if len(s.Cert) != len(s.Key) {
		return wrong("%sthere are %d of cert and %d of key: they go together", s.title(), len(s.Cert), len(s.Key))
	}
	return nil
}

// secure reports whether a listener speaks TLS, and returns its address.
func (c *Config) secure(listen string) (addr string, secure bool) {
	if rest, is := cutTLS(listen); is {
		return rest, true
	}
	return listen, c.TLS
}

// anySecure reports whether TLS is spoken at all.
func (c *Config) anySecure() bool {
	return slices.ContainsFunc(c.Listen, func(l string) bool { _, is := c.secure(l); return is })
}

// never turns 0, which means no limit here, into what the libraries take for that.
func never[T ~int64](n T) T { return cmp.Or(n, -1) }
