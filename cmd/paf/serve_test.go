package main

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/paf-go/paf/cmd/paf/internal/exit"
)

// What cannot have been meant is said, before anything is served.
func TestServeSaysWhatWasMeant(t *testing.T) {
	const noFile = "--unix-mode is for the file of a Unix socket"
	for line, want := range map[string]string{
		"--unix-mode 0660":                         noFile,
		"--unix-mode 0660 -l unix:@name":           noFile,
		"--unix-mode 0660 --stdio":                 noFile,
		"--proxy-protocol 10.0.0.0/8":              `did you mean "--proxy-protocol=10.0.0.0/8"?`,
		"--proxy-protocol 10.0.0.0/8,::1 testdata": `did you mean "--proxy-protocol=10.0.0.0/8,::1"?`,
		"testdata --proxy-protocol 10.0.0.1":       `did you mean "--proxy-protocol=10.0.0.1"?`,
		"--proxy-protocol none/of/these":           "cannot serve none/of/these",
	} {
		var errs bytes.Buffer
		code := run(append([]string{"paf", "serve"}, strings.Fields(line)...), strings.NewReader(""), io.Discard, &errs)
		if code != exit.Usage || !strings.Contains(errs.String(), want) {
			t.Errorf("%s: %d %q, want %q", line, code, errs.String(), want)
		}
	}
}
