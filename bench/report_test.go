package main

import (
	"errors"
	"strings"
	"testing"
)

func TestRender(t *testing.T) {
	w := work{name: "h1", title: "small", floor: "floor", columns: []string{"cpu", "rate", "p99"}}
	table := render(w, map[string][]round{
		"floor":    {{sample: sample{"cpu": 2, "rate": 1, "p99": 5}}, {sample: sample{"cpu": 1, "rate": 3, "p99": 5}}, {sample: sample{"cpu": 4, "rate": 2, "p99": 5}}},
		"paf":      {{sample: sample{"cpu": 3, "rate": 7}}},
		"fasthttp": {{sample: sample{"cpu": 1, "rate": 7}}, {err: errors.New("a | b\n\tc " + strings.Repeat("x", 400))}},
		"h2o":      {{err: errors.New("h2o is not installed")}},
	})
	for _, row := range []string{
		"**h1**: small",
		"|  | CPU µs a request | × floor | × paf | requests/s | p99 ms |\n| --- | --- | --- | --- | --- | --- |\n",
		"| floor | 2.00 (1.00–4.00) | 1.00 | 0.67 | 2 (1–3) | 5.00 |\n",
		"| paf | 3.00 | 1.50 | 1.00 | 7 | - |\n",
		"| fasthttp | not measured: a / b c xxx",
		"xxx… (round 2 of 2) |  |  |  |  |\n",
		"| h2o | not measured: h2o is not installed |  |  |  |  |\n",
	} {
		if !strings.Contains(table, row) {
			t.Errorf("no %q in %s", row, table)
		}
	}
	if strings.Contains(table, "nginx") {
		t.Errorf("nginx did not take part: %s", table)
	}
	table = render(w, map[string][]round{"paf": {{sample: sample{"cpu": 3, "rate": 7}}}})
	if !strings.Contains(table, "| paf | 3.00 | - | 1.00 | 7 | - |") {
		t.Errorf("a ratio to a floor that was not measured: %s", table)
	}
}

func TestMedian(t *testing.T) {
	if m := median(nil); m != 0 {
		t.Error(m)
	}
	if m := median([]float64{4, 1, 3, 2}); m != 2.5 {
		t.Error(m)
	}
}

func TestWhatToolsPrint(t *testing.T) {
	l, err := readWrk([]byte("  Latency Distribution\n     50%  310.00us\n     75%  460.00us\n     90%    0.86ms\n     99%    1.12s \n  244684 requests in 3.01s, 30.1MB read\n"))
	if want := (load{requests: 244684, seconds: 3.01, p50: 0.31, p99: 1120}); l != want || err != nil {
		t.Error(l, err)
	}
	l, err = readH2load([]byte("finished in 500.00ms, 2 req/s\nrequests: 9 total, 9 started, 9 done, 9 succeeded, 0 failed, 0 errored, 0 timeout\nstatus codes: 9 2xx, 0 3xx, 0 4xx, 0 5xx\n"))
	if want := (load{requests: 9, seconds: 0.5}); l != want || err != nil {
		t.Error(l, err)
	}
	l, err = readPaf([]byte(`{"length_ns": 2000000000, "latency": {"count": 9, "ms": {"p50": 0.3, "p99": 4, "p99.9": 5}}, "failed": {"count": 0}, "statuses": {"200": 9}}`))
	if want := (load{requests: 9, seconds: 2, p50: 0.3, p99: 4}); l != want || err != nil {
		t.Error(l, err)
	}
	for _, out := range []string{
		"", `{"length_ns": 1, "latency": {"count": 0}}`,
		`{"length_ns": 1, "latency": {"count": 9}, "failed": {"count": 1}, "statuses": {"200": 9}}`,
		`{"length_ns": 1, "latency": {"count": 9}, "failed": {"count": 0}, "statuses": {"200": 8, "302": 1}}`,
	} {
		if l, err := readPaf([]byte(out)); err == nil {
			t.Errorf("%q was taken for %v", out, l)
		}
	}
	for _, out := range []string{
		"", "  0 requests in 3.00s", "12 requests in 3.00s\n  Socket errors: connect 0", "12 requests in 3.00s\n  Non-2xx or 3xx responses: 12",
	} {
		if l, err := readWrk([]byte(out)); err == nil {
			t.Errorf("%q was taken for %v", out, l)
		}
	}
	for _, out := range []string{
		"", "finished in 1s\n9 succeeded, 1 failed, 0 errored\nstatus codes: 9 2xx, 0 3xx, 0 4xx, 0 5xx",
		"finished in 1s\n9 succeeded, 0 failed, 0 errored\nstatus codes: 0 2xx, 0 3xx, 9 4xx, 0 5xx",
	} {
		if l, err := readH2load([]byte(out)); err == nil {
			t.Errorf("%q was taken for %v", out, l)
		}
	}
}
