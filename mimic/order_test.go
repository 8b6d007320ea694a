package mimic_test

import (
	"context"
	"testing"

	"github.com/paf-go/paf/mimic"
)

func TestUnfoldIntrospection(t *testing.T) {
	tls := mimic.Register("tls", 10, remember[string])
	tcp := mimic.Register("tcp", mimic.NoPriority, remember[string])
	scheme, host := mimic.NewKey[string]("scheme"), mimic.NewKey[string]("host")
	same := func(_ context.Context, s string) (string, error) { return s, nil }
	c := mimic.Add(mimic.Context{}, scheme, "https")
	c = mimic.Fold1(c, host, mimic.Req(scheme), same)
	c = mimic.Fold1(c, tcp, mimic.Req(host), same)
	c = mimic.Fold1(c, tls, mimic.Req(host), same)
	c = mimic.Add(c, tcp, "plain")

	es, err := c.Unfold(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	equals(t, "protocols by priority, then ordinary keys", list(es),
		"tls=https", "tcp=plain", "tcp=https", "scheme=https", "host=https")
	e := es[0]
	equal(t, "Name", e.Name(), "tls")
	equal(t, "Priority", e.Priority(), 10)
	equal(t, "Connectable", e.Connectable(), true)
	equal(t, "Computed", e.Computed(), true)
	v, ok := tls.Of(e)
	equal(t, "the typed view", v, "https")
	equal(t, "the typed view", ok, true)
	_, ok = tcp.Of(e)
	equal(t, "another key's view", ok, false)
	equal(t, "Computed of a plain value", es[1].Computed(), false)
	equal(t, "Priority of none", es[1].Priority(), mimic.NoPriority)
	equal(t, "Connectable of an ordinary key", es[3].Connectable(), false)
}

func TestConnectWalksAList(t *testing.T) {
	tcp := mimic.Register("tcp", 1, func(_ context.Context, s string) (*memory, error) {
		if s == "closed" {
			return nil, errClosed
		}
		return remember(context.Background(), s)
	})
	note := mimic.NewKey[string]("note")
	c := mimic.Add(mimic.Add(mimic.Add(mimic.Context{}, note, "x"), tcp, "open"), tcp, "closed")
	es, _ := c.Unfold(t.Context())
	f, err := mimic.Connect(t.Context(), es)
	if err != nil {
		t.Fatal(err)
	}
	m, _ := tcp.View(f)
	equal(t, "endpoint", m.made, any("open"))

	_, err = mimic.Connect(t.Context(), []mimic.Endpoint{tcp.Endpoint("closed"), {}})
	is(t, err, mimic.ErrNotFound, errClosed)
	_, err = mimic.Connect(t.Context(), nil)
	is(t, err, mimic.ErrNotFound)
}

func TestPlainValuesComeBeforeComputedOnes(t *testing.T) {
	a := mimic.Register("a", 5, remember[int])
	b := mimic.Register("b", 5, remember[int])
	c := mimic.Add(mimic.Context{}, a, 1)
	c = mimic.Fold0(c, b, func(context.Context) (int, error) { return 2, nil })
	equals(t, "order", unfold(t, c), "a=1", "b=2")
}

func TestEqualsAreOrderedByWhatWasAddedLast(t *testing.T) {
	a := mimic.Register("a", 5, remember[int])
	b := mimic.Register("b", 5, remember[int])
	c := mimic.Add(mimic.Add(mimic.Context{}, a, 1), b, 2)
	equals(t, "b added last", unfold(t, c), "b=2", "a=1")
	equals(t, "then a again", unfold(t, mimic.Add(c, a, 3)), "a=3", "a=1", "b=2")
}

func TestProtocolsOfARegistryStayTogether(t *testing.T) {
	var r mimic.Registry
	first := mimic.RegisterIn(&r, "first", 5, remember[int])
	second := mimic.RegisterIn(&r, "second", 5, remember[int])
	other := mimic.Register("other", 5, remember[int])
	c := mimic.Add(mimic.Add(mimic.Add(mimic.Context{}, second, 1), other, 2), first, 3)
	equals(t, "order", unfold(t, c), "second=1", "first=3", "other=2")

	var names []string
	for name, priority := range r.All() {
		names = append(names, name)
		equal(t, "priority", priority, 5)
	}
	equals(t, "Registry.All", names, "second", "first")
}

func TestTwoRegistrationsOfOneFunctionAreTwoProtocols(t *testing.T) {
	one := mimic.Register("memory", 1, remember[int])
	two := mimic.Register("memory", 1, remember[int])
	c := mimic.Add(mimic.Context{}, one, 1)
	_, ok := mimic.Get(c, two)
	equal(t, "endpoint found by the other key", ok, false)
	f, err := c.Resolve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, ok = two.View(f)
	equal(t, "flow matched by the other protocol", ok, false)
	m, ok := one.View(f)
	equal(t, "flow matched by its own", ok && m.made == 1, true)
}
