package paf_test

import (
	"io"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/paftest"
)

// RFC 9110, Section 6.6.1: Date is when the message was made. It is taken from the sweeper's clock, which is never more than a tick
// behind (250 ms with the default time-outs), at whichever part of a second the server has begun.
func TestDateIsRenewedEachSecondAndNeverWrong(t *testing.T) {
	const tick = 250 * time.Millisecond
	for _, protocol := range []paf.Protocol{paf.HTTP11, paf.HTTP2} {
		for _, begun := range []time.Duration{0, 300 * time.Millisecond, 999 * time.Millisecond} {
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(begun)
				s := paftest.NewServer(t, paf.HandlerFunc(hello))
				s.Client.Protocol = protocol
				check := func() {
					t.Helper()
					resp, err := s.Client.Get(t.Context(), "http://x.test/")
					if err != nil {
						t.Fatal(err)
					}
					_ = readAll(t, resp)
					now := time.Now()
					date, err := time.Parse(time.RFC1123, resp.Header.Get("Date"))
					if err != nil || date.After(now) || date.Before(now.Add(-tick).Truncate(time.Second)) || resp.Header.Count("Date") != 1 {
						t.Errorf("%v: at %v the Date was %v, %v", protocol, now.UTC().Format(time.RFC3339Nano), resp.Header.Get("Date"), err)
					}
				}
				for range 100 {
					check()
					time.Sleep(70 * time.Millisecond)
				}
				random := rand.New(rand.NewPCG(1, 2))
				for range 100 {
					check()
					time.Sleep(time.Duration(random.Int64N(int64(10 * time.Second))))
				}
				// While there is no connection nobody looks at the clock.
				for _, d := range []time.Duration{time.Second, time.Hour, 24 * time.Hour} {
					s.Client.CloseIdle()
					time.Sleep(d)
					check()
				}
			})
		}
	}
}

// A handler that knows better is believed, and what the server answers by itself has a Date too.
func TestDateIsSentOnceWhoeverAnswers(t *testing.T) {
	s := handle(func(w *paf.ResponseWriter, r *paf.Request) {
		switch r.Path {
		case "/own":
			w.Header().Set("date", "Sun, 06 Nov 1994 08:49:37 GMT")
		case "/panic":
			panic("a bug")
		case "/304":
			w.WriteHeader(304)
		}
		_, _ = io.Copy(io.Discard, r.Body)
	})
	virtually(t, s, func(t *testing.T, s *paftest.Server) {
		for request, want := range map[string]string{
			"GET /own HTTP/1.1\r\nHost: x\r\n\r\n":                              "Sun, 06 Nov 1994 08:49:37 GMT",
			"GET / HTTP/1.1\r\nHost: x\r\n\r\n":                                 "Sat, 01 Jan 2000 00:00:00 GMT",
			"GET /304 HTTP/1.1\r\nHost: x\r\n\r\n":                              "Sat, 01 Jan 2000 00:00:00 GMT",
			"GET /panic HTTP/1.1\r\nHost: x\r\n\r\n":                            "Sat, 01 Jan 2000 00:00:00 GMT",
			"rubbish\r\n\r\n":                                                   "Sat, 01 Jan 2000 00:00:00 GMT",
			"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: other\r\n\r\n":     "Sat, 01 Jan 2000 00:00:00 GMT",
			"POST / HTTP/1.1\r\nHost: x\r\nExpect: something else\r\n\r\n":      "Sat, 01 Jan 2000 00:00:00 GMT",
			"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nz": "Sat, 01 Jan 2000 00:00:00 GMT",
		} {
			p := newPeer(t, s)
			_ = p.send(request)
			if got := p.head("GET").Header["Date"]; len(got) != 1 || got[0] != want {
				t.Errorf("to %q: Date %q", request, got)
			}
		}
	})
}
