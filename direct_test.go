package paf_test

import (
	"bytes"
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/flow"
)

// A witness is a flow without powers that notes whether it was given one piece of memory as it is.
type witness struct {
	flow.Flow
	content []byte
	seen    bool
}

func (f *witness) Write(p []byte) (int, error) {
	f.seen = f.seen || len(p) == len(f.content) && &p[0] == &f.content[0]
	return f.Flow.Write(p)
}

func (f *witness) Powers() flow.Powers { return flow.Powers{} }

// TLS and others that cannot writev are not made to wait for a copy of large content.
func TestLargeContentReachesAFlowWithoutWritevUncopied(t *testing.T) {
	here, there := flow.Pipe(1 << 20)
	f := &witness{Flow: there, content: []byte(strings.Repeat("paf ", 16<<10))}
	s := paf.Server{Handler: paf.HandlerFunc(func(w *paf.ResponseWriter, _ *paf.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(len(f.content)))
		_, _ = w.Write(f.content)
	})}
	if _, err := io.WriteString(here, "GET / HTTP/1.0\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if err := s.ServeFlow(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(here)
	if err != nil || !bytes.HasSuffix(got, append([]byte("\r\n\r\n"), f.content...)) {
		t.Errorf("%d bytes came, or others; error %v", len(got), err)
	}
	if !f.seen {
		t.Error("the flow was given a copy")
	}
}
