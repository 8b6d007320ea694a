package mimic_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/mimic"
)

// A memory is a flow that yields input, then ends, and keeps up to limit bytes
// of what is written. A write after the end of the input fails, as on a flow that
// the peer has closed.
type memory struct {
	mu     sync.Mutex
	input  *strings.Reader
	output []byte
	limit  int
	ended  bool
	closed int
	made   any // the endpoint it was opened to
}

var errClosed = errors.New("memory: closed")

func (m *memory) Read(p []byte) (int, error) {
	n, err := m.input.Read(p)
	m.ended = m.ended || err == io.EOF
	return n, err
}

func (m *memory) Write(p []byte) (int, error) {
	if m.ended {
		return 0, errClosed
	}
	n := min(len(p), m.limit-len(m.output))
	m.output = append(m.output, p[:n]...)
	if n < len(p) {
		return n, io.ErrShortWrite
	}
	return n, nil
}

func (m *memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed++
	return nil
}

// remember makes a flow of any endpoint, which remembers it.
func remember[E any](_ context.Context, e E) (*memory, error) {
	return &memory{input: strings.NewReader(""), made: e}, nil
}

// made resolves c and returns the endpoint that was connected to.
func made(t *testing.T, c mimic.Context) any {
	t.Helper()
	f, err := c.Resolve(t.Context())
	if err != nil {
		t.Fatalf("Resolve: %v", err)
	}
	m, ok := flow.As[*memory](f)
	if !ok {
		t.Fatalf("Resolve: a flow of type %T", f)
	}
	return m.made
}

// unfold lists the endpoints of c as "name=value".
func unfold(t *testing.T, c mimic.Context) []string {
	t.Helper()
	es, err := c.Unfold(t.Context())
	if err != nil {
		t.Fatalf("Unfold: %v", err)
	}
	return list(es)
}

func list(es []mimic.Endpoint) []string {
	var s []string
	for _, e := range es {
		s = append(s, fmt.Sprintf("%v=%v", e, e.Value()))
	}
	return s
}

func equal[T comparable](t *testing.T, claim string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", claim, got, want)
	}
}

func equals(t *testing.T, claim string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %v, want %v", claim, got, want)
	}
}

// is checks that err is each of targets.
func is(t *testing.T, err error, targets ...error) {
	t.Helper()
	for _, target := range targets {
		if !errors.Is(err, target) {
			t.Errorf("error %v: is not %v", err, target)
		}
	}
}

func isNot(t *testing.T, err, target error) {
	t.Helper()
	if errors.Is(err, target) {
		t.Errorf("error %v: is %v", err, target)
	}
}
