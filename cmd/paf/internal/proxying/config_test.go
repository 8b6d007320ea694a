package proxying

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/paf-go/paf/cmd/paf/internal/exit"
)

func TestSitesInheritWhatTheFileSaysOfAll(t *testing.T) {
	c, err := parse([]byte(`
listen: [":80", "tls::443"]
grace: 5s
timeout: 10s
health: /up,1s
tunnel-bytes: 1.5GiB
to: http://127.0.0.1:1=3
sites:
  - name: a.test
    to: [http://127.0.0.1:2, "http+unix://%2Frun%2Fa=b.sock=2"]
    health: none
    upgrade: [none]
  - name: ["*.b.test", b.test]
    to: h2c://127.0.0.1:3/x
    timeout: 0s
    forwarded: both
    proxy-protocol-out: v2
`))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.check(); err != nil {
		t.Fatal(err)
	}
	all := c.sites()
	a, b, rest := all[0], all[1], all[2]
	switch {
	case a.Health.Path != "" || time.Duration(a.Timeout) != 10*time.Second || len(a.upgrades()) != 0 || a.TunnelBytes != 3<<29:
		t.Errorf("a: %+v", a)
	case a.To[1] != Upstream{"http+unix://%2Frun%2Fa=b.sock", 2}:
		t.Errorf("a: %+v", a.To)
	case b.Health.Path != "/up" || b.Timeout != 0 || b.Forwarded != "both" || b.ProxyProtocolOut != 2 || b.Upgrade[0] != "websocket":
		t.Errorf("b: %+v", b)
	case rest.To[0].Weight != 3 || rest.Forwarded != "x" || len(rest.Name) != 0:
		t.Errorf("all others: %+v", rest)
	case c.Grace != Duration(5*time.Second) || c.Listen[1] != "tls::443":
		t.Errorf("%+v", c)
	}
}

func TestAWrongFileSaysWhere(t *testing.T) {
	for text, want := range map[string]string{
		"to: http://x\nlisen: [a]":                        `line 2: there is no option "lisen"`,
		"sites:\n- name: a\n  to: http://x\n  timeot: 3s": `line 4: there is no option "timeot"`,
		"sites:\n- name: a\n  to: http://x\n  cert-of: b": `line 4: there is no option "cert-of"`,
		"to: http://x\ntimeout: 30":                       `line 2: "30" is no time with its unit`,
		"to:\n- http://x\n- ftp://y":                      `line 3: URL "ftp://y"`,
		"to: http://x=0":                                  "has no weight from 1",
		"to: http://x\nto: http://y":                      `"to" has been said at line 1 already`,
		"to: http://x\nforwarded: yes":                    `line 2: it is none, x, rfc7239 or both, not "yes"`,
		"forward: maybe":                                  "line 1: this value does not belong here",
		"forward: true\nallow: ['*:http']":                "line 2: rule",
		"to: http://x\nhealth: up":                        `line 2: "up" is not /path`,
		"sites:\n- to: http://x":                          "line 2: a site needs a name",
		"to: {a: b}":                                      "line 1: one value belongs here",
		"to: http://x\n---\nto: http://y":                 "more than one document",
		"":                                                "where are requests to go",
		"forward: true\nto: http://x":                     "not both",
		"to: http://x\nusers: f":                          "for forward",
		"to: [http://x, http://x=2]":                      "there twice",
		"sites: [{name: a, to: http://x}, {name: [b, A.], to: http://y}]": "the name of another site",
		"sites: [{name: 'a/b', to: http://x}]":                            `the name "a/b" is no host`,
		"sites: [{name: a}]":                                              "site a: it has no upstream",
		"to: http://x\ncert: a.pem":                                       "they go together",
		"to: http://x\ncert: a.pem\nkey: a.key":                           "TLS, which is spoken nowhere",
		"to: http://x\ntls: true\ncert: /no/a\nkey: /no/b":                "cannot use the certificate /no/a",
		"to: http://x\nlisten: [':1', 'tls::1']":                          "the address :1 is there twice",
		"to: http://x\nupstream-ca: /no/ca":                               "upstream-ca: cannot read the authorities: open /no/ca",
		"sites: [{name: a, to: http://x, upstream-ca: config_test.go}]":   "site a: upstream-ca: config_test.go holds no certificate",
		"to: http://x\nalpn: h3":                                          `"h3" is no protocol`,
		"forward: true\nhost: a\nforwarded: both":                         "host and forwarded: only for upstreams",
		"forward: true\nupgrade: none":                                    "upgrade: only for upstreams",
		"forward: true\ntrust-forwarded: true":                            "trust-forwarded: only for upstreams",
		"to: http://x\nupgrade: bad token":                                `upgrade: "bad token" is no name of a protocol`,
		"to: http://x\nupgrade: [none, websocket]":                        "none is for no protocol at all",
		"to: http://x\nhost: bad host":                                    `host: "bad host" is no host`,
		"to: http://x\nhost: http://app/":                                 `host: "http://app/" is no host`,
		"sites: [{name: a, to: http://x, host: 'a b'}]":                   "proxy.yaml: site a: host:",
		"to: http://x\nsites: [{name: '*', to: http://y}]":                "both for all other hosts",
		"sites:\n- {name: a, to: http://x, listen: ':1'}":                 `line 2: there is no option "listen" of a site`,
		"to: 127.0.0.1:7301":                                              "did you mean http://127.0.0.1:7301?",
		"to: http://me:secret@a":                                          "the URL of an upstream has no user and no password, as that has at a",
		"to: http+unix:///run/app.sock":                                   "http+unix://%2Frun%2Fapp.sock/path",
		"forward: true\nallow: 'http://a/'":                               "a rule is no URL",
		"forward: true\nallow: 'a:443-80'":                                "begins with the lower one: 80-443",
		"to: http://x\nlog: xml":                                          "log is text or json",
	} {
		file := filepath.Join(t.TempDir(), "proxy.yaml")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := ReadFile(file)
		if err == nil {
			_, err = newPlan(c, nil)
		}
		if err == nil || !strings.Contains(err.Error(), want) || exit.CodeOf(err) != exit.Usage {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

func TestBytesHaveUnits(t *testing.T) {
	for text, want := range map[string]Bytes{"0": 0, "512": 512, "1kB": 1000, "10GiB": 10 << 30, "1.5 MB": 1_500_000, "2TiB": 2 << 40, "-1": -1, "x": -1, "1e30": -1, "": -1, "GB": -1} {
		var b Bytes
		err := b.Set(text)
		if (err == nil) != (want >= 0) || err == nil && b != want {
			t.Errorf("%q is %d, %v", text, b, err)
		}
	}
}

// The files that the page shows are right.
func TestThePagesFilesAreRight(t *testing.T) {
	page, err := os.ReadFile("../../../../docs/proxy.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(page), "```yaml\n")[1:]
	for _, b := range blocks {
		text, _, _ := strings.Cut(b, "```")
		c, err := parse([]byte(text))
		if err == nil {
			err = c.check()
		}
		if err != nil {
			t.Errorf("%v in\n%s", err, text)
		}
	}
	if len(blocks) != 2 {
		t.Errorf("%d files", len(blocks))
	}
}

// What is said on the command line is answered in its words.
func TestAWrongCommandLineIsToldInItsWords(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"--host and --upgrade: only for upstreams":                       func(c *Config) { c.Forward, c.Host, c.Upgrade = true, "a", List{"x"} },
		"either --forward, or":                                           func(c *Config) { c.Forward = true; _ = c.To.Add("http://x") },
		"--allow, --deny, --allow-private and --users are for --forward": func(c *Config) { c.AllowPrivate = true; _ = c.To.Add("http://x") },
	} {
		c := Default()
		change(c)
		if _, err := newPlan(c, nil); err == nil || !strings.Contains(err.Error(), want) || exit.CodeOf(err) != exit.Usage {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
