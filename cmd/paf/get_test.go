package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/paf-go/paf/cmd/paf/internal/exit"
)

func TestTimesAreSecondsOrHaveUnits(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"": 0, "0": 0, "1": time.Second, "1.5": 1500 * time.Millisecond, "2m": 2 * time.Minute, "1m30s": 90 * time.Second,
		"-1": -1, "-1s": -1, "soon": -1, "1e300": -1, "NaN": -1, "Inf": -1, "1 s": -1,
	} {
		d, ok := seconds(text)
		if ok != (want >= 0) || ok && d != want {
			t.Errorf("%q is %v, %t", text, d, ok)
		}
	}
}

// What a server has sent and an error cites does not get to the terminal as it is.
func TestErrorsAreEscaped(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		_, _ = io.WriteString(c, "HTTP/1.1 404 \u009b2J\x9b gone\r\nContent-Length: 0\r\n\r\n")
	}))
	defer s.Close()
	var errs bytes.Buffer
	code := run([]string{"paf", "get", "--fail", s.URL}, strings.NewReader(""), io.Discard, &errs)
	if want := "paf: the server answered 404 \\xc2\\x9b2J\\x9b gone\n"; code != exit.Status || errs.String() != want {
		t.Errorf("%d %q, want %q", code, errs.String(), want)
	}
}
