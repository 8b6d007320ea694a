package testkit

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"
)

// A Record keeps what is written to it, as a log or a program's output, and may be read while it is. The zero Record is empty. Its methods
// are safe for concurrent use.
type Record struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (r *Record) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(p)
}

// String returns what was written so far.
func (r *Record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

// Take returns what was written so far, and forgets it.
func (r *Record) Take() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer r.text.Reset()
	return r.text.String()
}

// Logger returns a log of lines of text that are written to r.
func (r *Record) Logger() *slog.Logger { return slog.New(slog.NewTextHandler(r, nil)) }

// awaitMost is how long something that must come may take.
const awaitMost = 10 * time.Second

// Await returns the first line that has a text in it, as soon as there is one.
func (r *Record) Await(t testing.TB, part string) string {
	t.Helper()
	for end := time.Now().Add(awaitMost); ; time.Sleep(time.Millisecond) {
		for line := range strings.Lines(r.String()) {
			if strings.Contains(line, part) {
				return line
			}
		}
		if time.Now().After(end) {
			t.Fatalf("%q was awaited:\n%s", part, r)
		}
	}
}
