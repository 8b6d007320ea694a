package main

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestEachFamilyMeasures(t *testing.T) {
	lacking(t, "wrk", "h2load", "h2o", "nginx")
	o := options{length: 100 * time.Millisecond, rounds: 1, only: "paf", conns: 300, size: testSize}
	for _, name := range []string{"h1pipe", "h2", "tls-h1", "idle-h1", "idle-h2-tls", "idle-streams", "idle-streams-client",
		"cores-h2", "body-h1-up", "body-h2-down-tls", "tail-80", "client-h1", "client-h2", "proxy-h1", "proxy-h2", "proxy-tunnel",
		"load-h1", "load-h2", "load-many"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // what is measured does not matter here
			chosen, err := worksNamed(name)
			if err != nil || len(chosen) != 1 {
				t.Fatal(chosen, err)
			}
			w := chosen[0]
			results := measure(w, takePart(w, o.only), o)
			if reason := why(results["paf"]); reason != "" || len(results) != 1 {
				t.Fatal(len(results), reason)
			}
			for _, key := range w.columns {
				if _, ok := results["paf"][0].sample[key]; !ok && key != "p50" && key != "p99" {
					t.Errorf("nothing in column %s: %v", key, results["paf"])
				}
			}
			if first := results["paf"][0].sample[w.columns[0]]; first <= 0 && w.columns[0] != "cpugib" { // too short for /proc's clock
				t.Errorf("%s is %v", w.columns[0], first)
			}
		})
	}
}

func TestEveryClientAndGeneratorCalls(t *testing.T) {
	lacking(t, "wrk", "h2load", "h2o", "nginx")
	for _, w := range slices.Concat(clientWorks, generatorWorks) {
		for _, c := range takePart(w, "") {
			t.Run(w.name+" "+c.name, func(t *testing.T) {
				t.Parallel()
				if s, err := w.once(w, c, options{length: 300 * time.Millisecond, conns: 300}); err != nil || s["cpu"] <= 0 || s["rate"] <= 0 {
					t.Error(s, err)
				}
			})
		}
	}
}

func TestWhatCannotBeMeasuredSaysWhy(t *testing.T) {
	t.Parallel()
	lacking(t, "wrk", "h2load", "nginx")
	missing := contestant{name: "no-such-program", command: func(job) ([]string, error) { return nil, nil }}
	broken := contestant{name: "nginx", command: func(job) ([]string, error) { return []string{"-c", "/no/such/file"}, nil }}
	stranger := contestant{name: "nobody"} // the child does not know it
	refuses := contestant{name: "paf", cannot: map[string]string{"h1": "it has its reasons"}}
	for c, want := range map[*contestant]string{&missing: "not installed", &broken: "ended before it listened", &stranger: "no contestant is named", &refuses: "reasons"} {
		w := smallWorks[0]
		results := measure(w, []contestant{*c}, options{length: time.Second, rounds: 1})
		if reason := why(results[c.name]); !strings.Contains(reason, want) {
			t.Errorf("%s: %q", c.name, reason)
		}
	}
	nobody, err := freeAddr()
	if err != nil {
		t.Fatal(err)
	}
	for _, loaded := range []loader{loadH1, loadPipelined, loadH2, generatePaf} {
		if l, err := loaded(loadCore, job{Many: 1}, nobody, time.Second); err == nil {
			t.Errorf("a load on a closed port counted %v", l)
		}
	}
	if err := runRole(loadCore, "send", job{Addr: nobody, Many: 1, Time: time.Second}, &sent{}); err == nil || !strings.Contains(err.Error(), "cannot be asked") {
		t.Errorf("a sender to a closed port: %v", err)
	}
	if err := enoughFiles(1 << 30); err == nil || !strings.Contains(err.Error(), "ulimit") {
		t.Errorf("2^30 connections: %v", err)
	}
}

func TestOpenLoopCountsFromWhenARequestWasDue(t *testing.T) {
	t.Parallel()
	p, err := startServer(contestants[0], measuredCore, job{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.stop()
	// One connection is asked for more than it can take: each request waits for longer than the one before.
	var s sent
	if err := runRole(loadCore, "send", job{Name: "send", Addr: p.addr, Many: 1, Time: 60 * time.Millisecond, Rate: 150_000}, &s); err != nil {
		t.Fatal(err)
	}
	if s.P99 < 30*time.Millisecond || s.Requests < 7_500 || s.Took < 90*time.Millisecond {
		t.Errorf("%+v", s)
	}
}

func TestWorksAreFoundByNameAndFamily(t *testing.T) {
	for list, want := range map[string]string{
		"h1,h1pipe,h2": "h1 h1pipe h2",
		"idle-h1":      "idle-h1",
		"tail":         "tail-50 tail-80 tail-95 tail-toil-50 tail-toil-80 tail-toil-95",
		"h2,client":    "h2 client-h1 client-h2",
	} {
		chosen, err := worksNamed(list)
		var names []string
		for _, w := range chosen {
			names = append(names, w.name)
		}
		if strings.Join(names, " ") != want || err != nil {
			t.Errorf("%s: %v %v", list, names, err)
		}
	}
	if chosen, err := worksNamed("all"); len(chosen) != len(works) || err != nil {
		t.Error(len(chosen), err)
	}
	if _, err := worksNamed("h3"); err == nil || !strings.Contains(err.Error(), `"h3"; there are h1, h1pipe, h2,`) {
		t.Error(err)
	}
	for _, w := range works {
		for _, key := range w.columns {
			if columns[key].title == "" {
				t.Errorf("%s: there is no column %s", w.name, key)
			}
		}
		if _, err := contestantNamed(w.floor); err != nil || len(takePart(w, w.floor)) != 1 {
			t.Errorf("%s: its floor %s does not take part", w.name, w.floor)
		}
	}
}

func TestContestantsAreChosenByTheirNames(t *testing.T) {
	for _, list := range []string{"", "paf", "floor,net/http"} {
		if err := checkOnly(list); err != nil {
			t.Errorf("%q: %v", list, err)
		}
	}
	for _, list := range []string{"pfa", "paf,", "paf,net-http"} {
		if err := checkOnly(list); err == nil || !strings.Contains(err.Error(), "; there are floor, paf, paf-borrow, paf+nethttp, net/http,") {
			t.Errorf("%q: %v", list, err)
		}
	}
}

func TestNothingOfASiteIsLeft(t *testing.T) {
	mine := site
	defer func() { site = mine }()
	if err := run(nil, options{size: 1}, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(site); site == mine || !os.IsNotExist(err) {
		t.Errorf("%s is left: %v", site, err)
	}
}
