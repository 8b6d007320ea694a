package mimic_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"github.com/paf-go/paf/mimic"
)

func TestArguments(t *testing.T) {
	n, s := mimic.NewKey[int]("n"), mimic.NewKey[string]("s")
	out := mimic.Register("out", mimic.NoPriority, remember[string])
	show := func(_ context.Context, v string) (string, error) { return v, nil }
	pointer := func(p *int) (string, error) {
		if p == nil {
			return "nil", nil
		}
		return strconv.Itoa(*p), nil
	}
	for _, tt := range []struct {
		claim   string
		arg     mimic.Arg[string]
		without any // what comes of it without a value of n; nil: nothing
		with    any // with n=5
	}{
		{"Req", mimic.Map1(mimic.Req(n), atos), nil, "5"},
		{"Opt", mimic.Map1(mimic.Opt(n), pointer), "nil", "5"},
		{"Default", mimic.Map1(mimic.Default(n, 42), atos), "42", "5"},
		{"Map", mimic.Map2(mimic.Default(s, "x"), mimic.Map1(mimic.Req(n), atos), concat), nil, "x5"},
		{"Map of three", mimic.Map3(mimic.Default(s, "x"), mimic.Opt(n), mimic.Default(n, 1),
			func(s string, p *int, n int) (string, error) { return fmt.Sprint(s, p != nil, n), nil }),
			"xfalse 1", "xtrue 5"},
	} {
		c := mimic.Fold1(mimic.Context{}, out, tt.arg, show)
		equal(t, tt.claim+" with a value", made(t, mimic.Add(c, n, 5)), tt.with)
		if tt.without != nil {
			equal(t, tt.claim+" without", made(t, c), tt.without)
			continue
		}
		_, err := c.Resolve(t.Context())
		is(t, err, mimic.ErrNotFound)
		var missing *mimic.MissingError
		if !errors.As(err, &missing) || missing.Key != "n" {
			t.Errorf("%s without: %v", tt.claim, err)
		}
	}
}

func atos(n int) (string, error)         { return strconv.Itoa(n), nil }
func concat(a, b string) (string, error) { return a + b, nil }

func TestFoldsOfZeroToSixArguments(t *testing.T) {
	var k [6]mimic.Key[int]
	var c mimic.Context
	for i := range k {
		k[i] = mimic.NewKey[int](fmt.Sprint("k", i))
		c = mimic.Add(c, k[i], i+1)
	}
	r := mimic.Req[int]
	out := mimic.Register("out", mimic.NoPriority, remember[string])
	str := func(vs ...any) (string, error) { return fmt.Sprint(vs...), nil }
	for want, d := range map[string]mimic.Context{
		"":        mimic.Fold0(c, out, func(context.Context) (string, error) { return str() }),
		"1":       mimic.Fold1(c, out, r(k[0]), func(_ context.Context, a int) (string, error) { return str(a) }),
		"1 2":     mimic.Fold2(c, out, r(k[0]), r(k[1]), func(_ context.Context, a, b int) (string, error) { return str(a, b) }),
		"1 2 3":   mimic.Fold3(c, out, r(k[0]), r(k[1]), r(k[2]), func(_ context.Context, a, b, c int) (string, error) { return str(a, b, c) }),
		"1 2 3 4": mimic.Fold4(c, out, r(k[0]), r(k[1]), r(k[2]), r(k[3]), func(_ context.Context, a, b, c, d int) (string, error) { return str(a, b, c, d) }),
		"1 2 3 4 5": mimic.Fold5(c, out, r(k[0]), r(k[1]), r(k[2]), r(k[3]), r(k[4]),
			func(_ context.Context, a, b, c, d, e int) (string, error) { return str(a, b, c, d, e) }),
		"1 2 3 4 5 6": mimic.Fold6(c, out, r(k[0]), r(k[1]), r(k[2]), r(k[3]), r(k[4]), r(k[5]),
			func(_ context.Context, a, b, c, d, e, f int) (string, error) { return str(a, b, c, d, e, f) }),
	} {
		equal(t, "result", made(t, d), any(want))
	}
}

func TestMapDependsOnWhatItsArgumentsNeed(t *testing.T) {
	// addr is computed, so a function that maps it must wait although it comes first.
	out := mimic.Register("out", mimic.NoPriority, remember[netip.Addr])
	host, name := mimic.NewKey[string]("host"), mimic.NewKey[string]("name")
	parse := mimic.Map1(mimic.Map1(mimic.Req(host), trim), netip.ParseAddr)
	runs := 0
	c := mimic.Fold1(mimic.Context{}, host, mimic.Req(name), func(_ context.Context, name string) (string, error) {
		runs++
		return name + " ", nil
	})
	c = mimic.Fold1(c, out, parse, func(_ context.Context, a netip.Addr) (netip.Addr, error) { return a, nil })
	c = mimic.Add(c, name, "::1")
	equal(t, "address", made(t, c), any(netip.IPv6Loopback()))
	equal(t, "runs", runs, 1)

	var parseError interface{ Timeout() bool }
	_, err := mimic.Replace(c, name, "nonsense").Resolve(t.Context())
	var key *mimic.KeyError
	if !errors.As(err, &key) || key.Key != "out" || key.Op != mimic.Computing || errors.As(err, &parseError) {
		t.Errorf("an error of Map: %v", err)
	}
}

func trim(s string) (string, error) { return strings.TrimSpace(s), nil }

func TestAllFunctionsOfAKeyYieldTheirOwnEndpoint(t *testing.T) {
	out := mimic.Register("out", mimic.NoPriority, remember[int])
	var c mimic.Context
	for i := range 4 {
		c = mimic.Fold0(c, out, func(context.Context) (int, error) {
			if i == 2 {
				return 0, mimic.ErrSkip
			}
			return i, nil
		})
	}
	equals(t, "newest first", unfold(t, c), "out=3", "out=1", "out=0")
}

func TestOlderFunctionsAreTheFallback(t *testing.T) {
	out, host := mimic.Register("out", mimic.NoPriority, remember[string]), mimic.NewKey[string]("host")
	c := mimic.Fold0(mimic.Context{}, host, func(context.Context) (string, error) { return "older", nil })
	c = mimic.Fold0(c, host, func(context.Context) (string, error) { return "", mimic.ErrSkip })
	c = mimic.Fold1(c, out, mimic.Req(host), func(_ context.Context, h string) (string, error) { return h, nil })
	equal(t, "argument", made(t, c), any("older"))
}

func TestAPlainValueWinsOverAComputedOne(t *testing.T) {
	out, host := mimic.Register("out", mimic.NoPriority, remember[string]), mimic.NewKey[string]("host")
	c := mimic.Fold1(mimic.Context{}, out, mimic.Req(host), func(_ context.Context, h string) (string, error) { return h, nil })
	c = mimic.Add(c, host, "plain")
	c = mimic.Fold0(c, host, func(context.Context) (string, error) { return "computed", nil })
	equal(t, "argument", made(t, c), any("plain"))
}

func TestAFunctionRunsAtMostOnceAResolution(t *testing.T) {
	lookups := 0
	ip, host := mimic.NewKey[string]("ip"), mimic.NewKey[string]("host")
	errLookup := errors.New("no such host")
	c := mimic.Fold1(mimic.Context{}, ip, mimic.Req(host), func(context.Context, string) (string, error) {
		lookups++
		return "", errLookup
	})
	for i := range 5 { // who ask for it in vain, as required, optional and with a default
		out := mimic.Register(fmt.Sprint("out", i), i, func(context.Context, string) (*memory, error) { return nil, errLookup })
		use := func(_ context.Context, v string) (string, error) { return v, nil }
		c = mimic.Fold1(c, out, mimic.Req(ip), use)
		c = mimic.Fold1(c, out, mimic.Default(ip, "?"), use)
	}
	_, err := mimic.Add(c, host, "a").Resolve(t.Context())
	is(t, err, mimic.ErrNotFound, errLookup)
	equal(t, "lookups", lookups, 1)
}

func TestNothingIsComputedInVain(t *testing.T) {
	unix, tcp := mimic.Register("unix", 0, remember[string]), mimic.Register("tcp", 10, remember[string])
	host := mimic.NewKey[string]("host")
	c := mimic.Fold1(mimic.Context{}, tcp, mimic.Req(host), func(context.Context, string) (string, error) {
		t.Error("a name was looked up though there is a socket")
		return "", nil
	})
	c = mimic.Add(mimic.Add(c, host, "example.org"), unix, "/run/app.sock")
	equal(t, "endpoint", made(t, c), any("/run/app.sock"))
}

func TestSkipAndFailureTakeAwayOneValueOnly(t *testing.T) {
	out := mimic.Register("out", 1, remember[int])
	last := mimic.Register("last", 2, remember[int])
	errBroken := errors.New("broken")
	c := mimic.Fold0(mimic.Context{}, out, func(context.Context) (int, error) { return 0, errBroken })
	c = mimic.Fold0(c, out, func(context.Context) (int, error) { return 0, fmt.Errorf("%w: no reason", mimic.ErrSkip) })
	c = mimic.Add(c, last, 7)
	equal(t, "another endpoint", made(t, c), any(7))

	es, err := c.Unfold(t.Context())
	equals(t, "endpoints beside the error", list(es), "last=7")
	is(t, err, errBroken)
	isNot(t, err, mimic.ErrSkip)
}

func TestNotFoundInAFunctionMeansNoValue(t *testing.T) {
	out := mimic.Register("out", 1, remember[int])
	c := mimic.Fold0(mimic.Context{}, out, func(ctx context.Context) (int, error) {
		_, err := mimic.Context{}.Resolve(ctx)
		return 0, err
	})
	es, err := c.Unfold(t.Context())
	if len(es) != 0 || err != nil {
		t.Errorf("Unfold: %v, %v", es, err)
	}
}

func TestAPanicBecomesAnErrorThatNamesTheKey(t *testing.T) {
	ip := mimic.NewKey[string]("ip")
	out := mimic.Register("out", 1, func(_ context.Context, s string) (*memory, error) { panic(s) })
	errOops := errors.New("oops")
	c := mimic.Fold0(mimic.Context{}, ip, func(context.Context) (string, error) { panic(errOops) })
	c = mimic.Add(c, out, "connect went wrong")
	c = mimic.Fold1(c, out, mimic.Req(ip), func(_ context.Context, s string) (string, error) { return s, nil })

	_, err := c.Resolve(t.Context())
	is(t, err, mimic.ErrNotFound, errOops)
	for _, want := range []string{"compute ip: panic: oops", "connect out: panic: connect went wrong"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not say %q", err, want)
		}
	}
}
