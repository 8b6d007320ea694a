package main

import (
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"
)

func TestEveryContestantAnswersTheSame(t *testing.T) {
	for _, c := range contestants {
		if c.serve == nil {
			continue // a program of its own
		}
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		go func() { _ = c.serve(ln) }()
		resp, err := http.Get("http://" + ln.Addr().String())
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if string(body) != hello || resp.ContentLength != 13 || resp.Header.Get("Content-Type") != "text/plain" || resp.Header.Get("Date") == "" {
			t.Errorf("%s: %v %q", c.name, resp.Header, body)
		}
	}
}

func TestMedianAndRender(t *testing.T) {
	rs := map[string][]result{"floor": {{micros: 2, rate: 1}, {micros: 1, rate: 3}, {micros: 4, rate: 2}}, "paf": {{micros: 3, rate: 7}}}
	table := render("h1", works["h1"], rs)
	if !strings.Contains(table, "| floor | 2.00 (1.00–4.00) | 2 | 1.00 |") || !strings.Contains(table, "| paf | 3.00 (3.00–3.00) | 7 | 1.50 |") {
		t.Error(table)
	}
}

func TestRoundMeasuresSomething(t *testing.T) {
	if _, err := exec.LookPath("wrk"); err != nil {
		t.Skip("SKIPPED: wrk is not installed (Debian's package wrk): nothing was measured")
	}
	if n, err := load(works["h1"], "http://127.0.0.1:1/", time.Second); err == nil {
		t.Errorf("a load on a closed port counted %d requests", n)
	}
}
