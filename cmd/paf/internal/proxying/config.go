package proxying

import (
	"cmp"
	"slices"
	"time"

	"github.com/paf-go/paf/cmd/paf/internal/exit"
)

// A Config is what `paf proxy` is told, by flags or in a file, in the same words.
type Config struct {
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
		return wrong("log is text or json, not %q", c.Log)
	case c.Forward && len(c.To)+len(c.Sites) > 0:
		return wrong("either forward, or upstreams to pass requests on to, not both")
	case !c.Forward && len(c.To)+len(c.Sites) == 0:
		return wrong("where are requests to go? --to URL names an upstream, --forward leaves it to the clients")
	case !c.Forward && (len(c.Allow)+len(c.Deny) > 0 || c.AllowPrivate || c.Users != ""):
		return wrong("allow, deny, allow-private and users are for forward")
	}
	seen := map[string]bool{}
	for _, s := range c.sites() {
		if err := s.check(seen); err != nil {
			return err
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
