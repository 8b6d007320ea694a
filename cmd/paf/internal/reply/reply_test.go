package reply

import "testing"

func TestSentencesAreTheOriginals(t *testing.T) {
	for status, want := range map[int]string{
		400: "Bad request.", 404: "Not found.", 405: "Method not allowed.", 414: "URI too long.",
		500: "Internal server error.", 502: "Bad gateway.", 599: "Error 599.",
		431: "Request header fields too large.", 505: "HTTP version not supported.",
	} {
		if got := Sentence(status); got != want {
			t.Errorf("Sentence(%d) = %q, want %q", status, got, want)
		}
	}
}
