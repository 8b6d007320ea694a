package proxying

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/paf-go/paf/proxy"
	"github.com/paf-go/paf/semantics"
	"go.yaml.in/yaml/v3"
)

// This file has the values that options take. Each is read by its Set, from the command line and from a file.

// A List is some values. A file may have one alone, or a list.
type List []string

// UnmarshalYAML implements [yaml.Unmarshaler].
func (l *List) UnmarshalYAML(n *yaml.Node) error {
	return items(n, func() { *l = nil }, func(s string) error { *l = append(*l, s); return nil })
}

// An Upstream is where requests go, and its weight.
type Upstream struct {
	URL    string
	Weight int
}

// Upstreams are some.
type Upstreams []Upstream

// Add adds one: "URL" or "URL=weight".
func (u *Upstreams) Add(s string) error {
	scheme, rest, whole := strings.Cut(s, "://")
	authority, _, _ := strings.Cut(rest, "/")
	switch {
	case !whole:
		return fmt.Errorf("%q is no URL: did you mean http://%s?", s, s)
	case strings.Contains(authority, "@") && !strings.HasSuffix(scheme, "+unix"): // which is not repeated: it has a password
		return fmt.Errorf("the URL of an upstream has no user and no password, as that has at %s", authority[strings.LastIndexByte(authority, '@')+1:])
	case strings.HasSuffix(scheme, "+unix") && authority == "":
		return fmt.Errorf("%q names no socket: the slashes of its path are written %%2F, as %s://%%2Frun%%2Fapp.sock/path", s, scheme)
	}
	to := Upstream{URL: s, Weight: 1}
	if at := strings.LastIndexByte(s, '='); at >= 0 {
		n, err := strconv.Atoi(s[at+1:])
		if err != nil || n < 1 || n > 1000 {
			return fmt.Errorf("%q has no weight from 1 to 1000 behind the =", s)
		}
		to = Upstream{URL: s[:at], Weight: n}
	}
	trial := &proxy.Reverse{Upstreams: nil}
	defer trial.Close()
	if err := trial.Use([]*proxy.Upstream{{URL: to.URL}}); err != nil {
		return bare(err)
	}
	*u = append(*u, to)
	return nil
}

// UnmarshalYAML implements [yaml.Unmarshaler].
func (u *Upstreams) UnmarshalYAML(n *yaml.Node) error { return items(n, func() { *u = nil }, u.Add) }

// Rules say where clients may go.
type Rules []proxy.Rule

// Add adds a rule.
func (r *Rules) Add(s string) error {
	rule, err := proxy.ParseRule(s)
	if err != nil {
		return bare(err)
	}
	*r = append(*r, rule)
	return nil
}

// UnmarshalYAML implements [yaml.Unmarshaler].
func (r *Rules) UnmarshalYAML(n *yaml.Node) error { return items(n, func() { *r = nil }, r.Add) }

// A Duration is a time with its unit, as "90s".
type Duration time.Duration

// Set reads one.
func (d *Duration) Set(s string) error {
	v, err := time.ParseDuration(s)
	if err != nil || v < 0 {
		return fmt.Errorf("%q is no time with its unit (as 90s or 2m)", s)
	}
	*d = Duration(v)
	return nil
}

// UnmarshalYAML implements [yaml.Unmarshaler].
func (d *Duration) UnmarshalYAML(n *yaml.Node) error { return scalar(n, d.Set) }

// Bytes is a number of bytes, as "10GiB" or "500MB".
type Bytes int64

var units = []struct {
	name string
	size float64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40}, {"kB", 1e3}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"B", 1}, {"", 1}}

// Set reads one.
func (b *Bytes) Set(s string) error {
	for _, u := range units {
		if digits, is := strings.CutSuffix(s, u.name); is {
			n, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
			if err == nil && n >= 0 && n*u.size < math.MaxInt64/2 {
				*b = Bytes(n * u.size)
				return nil
			}
		}
	}
	return fmt.Errorf("%q is no number of bytes (as 500MB or 10GiB)", s)
}

// UnmarshalYAML implements [yaml.Unmarshaler].
func (b *Bytes) UnmarshalYAML(n *yaml.Node) error { return scalar(n, b.Set) }

// Health is what is asked of upstreams, and how often: "/path" or "/path,interval"; "none" asks nothing.
type Health struct {
	Path     string // without a query; "" if nothing is asked
	Interval time.Duration
}

// Set reads one.
func (h *Health) Set(s string) error {
	if s == "none" {
		*h = Health{}
		return nil
	}
	path, interval, given := strings.Cut(s, ",")
	every := Duration(5 * time.Second)
	if given {
		if err := every.Set(interval); err != nil {
			return err
		}
	}
	if !strings.HasPrefix(path, "/") || strings.ContainsAny(path, " #?") || every < Duration(10*time.Millisecond) {
		return fmt.Errorf("%q is not /path or /path,interval", s)
	}
	*h = Health{Path: path, Interval: time.Duration(every)}
	return nil
}

// UnmarshalYAML implements [yaml.Unmarshaler].
func (h *Health) UnmarshalYAML(n *yaml.Node) error { return scalar(n, h.Set) }

// Forwarded is what upstreams are told of clients: "none", "x", "rfc7239" or "both".
type Forwarded string

var forwarded = map[Forwarded]proxy.Forwarded{"none": proxy.ForwardedNone, "x": proxy.ForwardedX, "rfc7239": proxy.ForwardedRFC7239, "both": proxy.ForwardedX | proxy.ForwardedRFC7239}

// Set reads one.
func (f *Forwarded) Set(s string) error {
	if _, is := forwarded[Forwarded(s)]; !is {
		return fmt.Errorf("it is none, x, rfc7239 or both, not %q", s)
	}
	*f = Forwarded(s)
	return nil
}

// UnmarshalYAML implements [yaml.Unmarshaler].
func (f *Forwarded) UnmarshalYAML(n *yaml.Node) error { return scalar(n, f.Set) }

// A Version is one of the PROXY protocol: 1, 2, or 0 for none.
type Version byte

// Set reads one: "v1", "v2" or "none".
func (v *Version) Set(s string) error {
	switch s {
	case "v1":
		*v = 1
	case "v2":
		*v = 2
	case "none":
		*v = 0
	default:
		return fmt.Errorf("it is v1, v2 or none, not %q", s)
	}
	return nil
}

// UnmarshalYAML implements [yaml.Unmarshaler].
func (v *Version) UnmarshalYAML(n *yaml.Node) error { return scalar(n, v.Set) }

// bare returns an error of the library without the library's name.
func bare(err error) error {
	return errors.New(strings.TrimPrefix(strings.TrimPrefix(err.Error(), "paf: "), "proxy: "))
}

// scalar reads a value that is one word; an error names its line.
func scalar(n *yaml.Node, set func(string) error) error {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	err := errors.New("one value belongs here")
	if n.Kind == yaml.ScalarNode {
		err = set(n.Value)
	}
	if err != nil {
		return &yaml.TypeError{Errors: []string{fmt.Sprintf("line %d: %v", n.Line, err)}}
	}
	return nil
}

// items reads one value or a list of them.
func items(n *yaml.Node, clear func(), add func(string) error) error {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	clear()
	if n.Kind != yaml.SequenceNode {
		return scalar(n, add)
	}
	for _, item := range n.Content {
		if err := scalar(item, add); err != nil {
			return err
		}
	}
	return nil
}

// cutTLS cuts "tls:" off an address.
func cutTLS(listen string) (addr string, is bool) { return strings.CutPrefix(listen, "tls:") }

// hostPattern returns a name of a site as it is compared: a host in lower case, "*." before it for all below it, or "*" for all.
func hostPattern(name string) (string, error) {
	host := strings.ToLower(strings.TrimSuffix(name, "."))
	bare := strings.TrimPrefix(host, "*.")
	bare = strings.TrimSuffix(strings.TrimPrefix(bare, "["), "]")
	if host != "*" && (bare == "" || strings.ContainsAny(bare, "*/@ ,") || !semantics.ValidAuthority(strings.TrimPrefix(host, "*."))) {
		return "", fmt.Errorf("the name %q is no host, as example.org, *.example.org or *", name)
	}
	return host, nil
}
