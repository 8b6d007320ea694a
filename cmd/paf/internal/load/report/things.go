package report

import (
	"fmt"
	"strings"

	"github.com/paf-go/paf/cmd/paf/internal/load/record"
)

// A thing is what a run does again and again.
type thing struct {
	title, noun string // of several
	done        string // what has become of those that did not fail
}

// thingOf returns that of a run: requests, but for two options.
func thingOf(s *record.Settings) thing {
	if _, is := s.Options["--connect-only"]; is {
		return thing{"Connections", "connections", "opened"}
	}
	if _, is := s.Options["--websocket"]; is {
		return thing{"Messages", "messages", "came back"}
	}
	return thing{"Requests", "requests", "answered"}
}

// one is the noun of one.
func (t thing) one() string { return strings.TrimSuffix(t.noun, "s") }

// resumed says how many handshakes were resumed, where that was asked for: "" elsewhere.
func resumed(r *record.Run) string {
	if _, asked := r.Settings.Options["--resume"]; !asked && r.Resumed == 0 {
		return ""
	}
	return fmt.Sprintf("%s of %s", count(r.Resumed), plural(r.Handshake.Count(), "TLS handshake"))
}

// example says what the first response with a status of 400 or more was: a server often says there what is wrong.
func example(r *record.Run) string {
	if r.Refused == nil {
		return ""
	}
	text := fmt.Sprintf("The first with a status of 400 or more, %d after %s, ", r.Refused.Status, short(max(0, r.Refused.When.Sub(r.Start))))
	if r.Refused.Content == "" {
		return text + "had no content."
	}
	return text + "began: " + oneLine(r.Refused.Content)
}

// cutOff says how many were under way when a run was interrupted, after a space: "" if none was.
func cutOff(r *record.Run) string {
	if r.Unfinished == 0 {
		return ""
	}
	verbs := []string{"were", "are"}
	if r.Unfinished == 1 {
		verbs = []string{"was", "is"}
	}
	return fmt.Sprintf(" %s %s under way, and %s in no figure.", plural(r.Unfinished, thingOf(&r.Settings).one()), verbs[0], verbs[1])
}
