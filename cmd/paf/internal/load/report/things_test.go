package report

import (
	"strings"
	"testing"

	"github.com/paf-go/paf/cmd/paf/internal/load/record"
)

// TestTheReportSaysWhatWasDone: connections that were opened are no requests that were answered, and what a server said and what was cut off is told.
func TestTheReportSaysWhatWasDone(t *testing.T) {
	made := func(options map[string]string) *record.Run {
		r := record.NewRecorder(record.Settings{Target: "https://127.0.0.1/", Requests: 1, Connections: 2, Options: options}, began)
		s := r.Shard()
		r.Connected(1e6, 2e6)
		r.Connected(1e6, 1e6)
		r.Resumed()
		s.Done(0, 0, 1, 2, 422, 0, 0)
		r.Refused(3e6, 422, []byte("no,\r\n\x1b[2Jthanks"))
		run := r.Run(1e9)
		run.Interrupted, run.Unfinished = true, 5
		return run
	}
	for option, says := range map[string][]string{
		"": {"Requests:  1 answered", "1 requests/s", "closed loop, 1 request\n", "Resumed:   1 of 2 TLS handshakes", "until then. 5 requests were under way, and are in no figure.",
			`422 after 3 ms, began: no, \x1b[2Jthanks`},
		"--connect-only": {"Connections:  1 opened", "1 connections/s", "closed loop, 1 connection\n", "5 connections were under way"},
		"--websocket":    {"Messages:  1 came back", "1 messages/s", "closed loop, 1 message\n"},
	} {
		var text, page strings.Builder
		run := made(map[string]string{option: ""})
		if err := Text(&text, run); err != nil {
			t.Fatal(err)
		}
		for _, says := range says {
			if !strings.Contains(text.String(), says) {
				t.Errorf("%q is not in\n%s", says, text.String())
			}
		}
		if err := Page(&page, run); err != nil {
			t.Fatal(err)
		}
		if says := thingOf(&run.Settings).title + " a second"; !strings.Contains(page.String(), says) || !strings.Contains(page.String(), "1 of 2 TLS handshakes") {
			t.Errorf("%q is not on the page", says)
		}
	}
	plain := record.NewRecorder(record.Settings{}, began).Run(1e9)
	plain.Refused = &record.Refused{Status: 500, When: began}
	if got := example(plain); got != "The first with a status of 400 or more, 500 after 0 ns, had no content." {
		t.Errorf("%q", got)
	}
	plain.Refused.Content = strings.Repeat("x", record.MaxContent)
	if got := example(plain); !strings.Contains(got, "began: xxx") {
		t.Errorf("%q", got)
	}
}
