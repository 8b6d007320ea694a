package paf_test

import (
	"fmt"
	"testing"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/paftest"
	"github.com/paf-go/paf/semantics"
)

// A gateway's handler sends the target that it has got on, rewritten: what it has made of the parts is what is asked for, and not
// what stood in the request line.
func TestClientSendsThePartsOfATarget(t *testing.T) {
	for _, test := range []struct {
		method, raw string
		rewrite     func(*paf.Target)
		want        string
	}{
		{"GET", "/admin?x", func(t *paf.Target) { t.Path, t.Query = "/public"+t.Path, "" }, "GET up.test /public/admin"},
		{"GET", "/a?x", func(t *paf.Target) { t.Query = "y" }, "GET up.test /a?y"},
		{"GET", "/a?x", func(*paf.Target) {}, "GET up.test /a?x"},
		{"GET", "http://evil.test/a", func(*paf.Target) {}, "GET up.test /a"},
		{"OPTIONS", "*", func(*paf.Target) {}, "OPTIONS up.test *"},
		{"OPTIONS", "*", func(t *paf.Target) { t.Path = "/a" }, "OPTIONS up.test /a"},
		{"OPTIONS", "http://evil.test", func(*paf.Target) {}, "OPTIONS up.test *"},
	} {
		for _, protocol := range []paf.Protocol{paf.HTTP11, paf.HTTP2} {
			s := paftest.NewServer(t, paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) {
				fmt.Fprintf(w, "%s %s %s", r.Method, r.Authority, r.Target.String())
			}))
			s.Client.Protocol = protocol
			target, err := semantics.ParseTarget(test.method, test.raw)
			if err != nil {
				t.Fatal(err)
			}
			target.Scheme, target.Authority = "http", "up.test"
			test.rewrite(&target)
			resp, err := s.Client.Do(t.Context(), &paf.Request{Method: test.method, Target: target})
			if err != nil {
				t.Errorf("%s: %v", test.want, err)
				continue
			}
			if got := readAll(t, resp); got != test.want {
				t.Errorf("%s: over %v the server was asked for %s", test.want, protocol, got)
			}
		}
	}
}

// Over HTTP/2 a client says which scheme it means. A proxy, which trusts it, gets to see that: browsers ask one over TLS for "http", too. An
// origin server's connection says it.
func TestTheSchemeOfHTTP2IsTheClientsIfItIsTrusted(t *testing.T) {
	for _, trust := range []bool{true, false} {
		s := &paf.Server{TrustScheme: trust, Handler: paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) { fmt.Fprint(w, r.URL()) })}
		ln, open := listenTLS(t, "h2")
		go func() { _ = s.Serve(t.Context(), ln) }()
		var c paf.Client
		defer c.Close()
		for _, scheme := range []string{"http", "https"} {
			r, err := paf.NewRequest("GET", scheme+"://far.test/x", nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Options = &paf.SendOptions{Route: &paf.Route{Key: scheme, Open: open}}
			resp, err := c.Do(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			want := "https://far.test/x"
			if trust {
				want = scheme + "://far.test/x"
			}
			if got := readAll(t, resp); got != want || resp.Protocol != paf.HTTP2 {
				t.Errorf("trust %t: %s is %s over %v", trust, scheme, got, resp.Protocol)
			}
		}
	}
}
