package load

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paf-go/paf/cmd/paf/internal/exit"
)

// archived reads the requests of a HAR with these entries for http://host.
func archived(t *testing.T, entries string) ([]*request, error) {
	t.Helper()
	base, err := newRequest("", "http://host/", nil, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "har")
	if err := os.WriteFile(name, []byte(`{"log": {"entries": [`+entries+`]}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	return readRequests(name, nil, base, nil)
}

// TestFieldsOfAConnectionAreNotSentAgain, nor those that no engine sends.
func TestFieldsOfAConnectionAreNotSentAgain(t *testing.T) {
	all, err := archived(t, `{"request": {"method": "POST", "url": "http://host:80/", "postData": {"text": "x"}, "headers": [
		{"name": "Connection", "value": "keep-alive, X-Hop"}, {"name": "x-hop", "value": "1"}, {"name": "TE", "value": "trailers"},
		{"name": "Expect", "value": "100-continue"}, {"name": "Transfer-Encoding", "value": "chunked"}, {"name": "Trailer", "value": "x"},
		{"name": "bad name", "value": "x"}, {"name": "bad-value", "value": "a\nb"}, {"name": ":authority", "value": "host"}, {"name": "kept", "value": " yes "}]}}`)
	if err != nil {
		t.Fatal(err)
	}
	var sent []string
	for _, f := range all[0].head.Fields.List() {
		sent = append(sent, f.Name+": "+f.Value)
	}
	if got := strings.Join(sent, ", "); got != "User-Agent: paf-load, Accept: */*, kept: yes" {
		t.Errorf("sent is %s", got)
	}
}

// TestAnEntryThatCannotBeReadIsNamed, if it is for the server at all.
func TestAnEntryThatCannotBeReadIsNamed(t *testing.T) {
	good := `{"request": {"method": "GET", "url": "http://host/a"}}`
	foreign := `{"request": {"method": "A B", "url": "http://other/", "headers": 5}}, {"request": {"url": 7}}, {}`
	if all, err := archived(t, good+","+foreign+","+good); err != nil || len(all) != 2 {
		t.Errorf("%v, %d requests", err, len(all))
	}
	for _, bad := range []string{
		`{"request": {"method": "A B", "url": "http://host/b"}}`,
		`{"request": {"method": "GET", "url": "http://host/b", "headers": 5}}`,
		`{"request": {"method": "PUT", "url": "http://host/b", "postData": {"encoding": "base64", "text": "?"}}}`,
	} {
		_, err := archived(t, good+","+bad)
		if err == nil || !strings.Contains(err.Error(), "entry 2 (for /b): ") || exit.CodeOf(err) == exit.Failure {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
