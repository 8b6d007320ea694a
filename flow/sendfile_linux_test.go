package flow_test

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/paf-go/paf/flow"
)

func tempFile(t *testing.T, content string) *os.File {
	t.Helper()
	name := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestUnixSendsAFileFromWhereItStands(t *testing.T) {
	a, b := unix(t)
	defer b.Close()
	f := tempFile(t, "0123456789")
	f.Seek(2, io.SeekStart)
	limited := &io.LimitedReader{R: f, N: 5}
	if n, err := flow.PowersOf(a).ReaderFrom.ReadFrom(limited); n != 5 || err != nil || limited.N != 0 {
		t.Errorf("sent %d, %v, %d left of the limit", n, err, limited.N)
	}
	if at, _ := f.Seek(0, io.SeekCurrent); at != 7 {
		t.Errorf("the file stands at %d, want 7", at)
	}
	if n, err := flow.PowersOf(a).ReaderFrom.ReadFrom(f); n != 3 || err != nil {
		t.Errorf("sent the rest: %d, %v", n, err)
	}
	a.Close()
	if got, err := io.ReadAll(b); string(got) != "23456789" || err != nil {
		t.Errorf("the peer got %q, %v", got, err)
	}
}

// A file that is shorter than the limit is no error: the caller sees it by the count.
func TestUnixSendsWhatAShortFileHas(t *testing.T) {
	a, b := unix(t)
	defer a.Close()
	defer b.Close()
	if n, err := flow.PowersOf(a).ReaderFrom.ReadFrom(io.LimitReader(tempFile(t, "short"), 99)); n != 5 || err != nil {
		t.Errorf("sent %d, %v, want 5", n, err)
	}
}

func TestUnixSendsWhatIsNoFile(t *testing.T) {
	a, b := unix(t)
	defer b.Close()
	if n, err := flow.PowersOf(a).ReaderFrom.ReadFrom(strings.NewReader("no file")); n != 7 || err != nil {
		t.Errorf("sent %d, %v, want 7", n, err)
	}
	null, err := os.Open(os.DevNull) // a file, but not a regular one
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	if n, err := flow.PowersOf(a).ReaderFrom.ReadFrom(null); n != 0 || err != nil {
		t.Errorf("sent %d, %v, want 0", n, err)
	}
	a.Close()
	if got, err := io.ReadAll(b); string(got) != "no file" || err != nil {
		t.Errorf("the peer got %q, %v", got, err)
	}
}

func TestUnixSendfileObeysDeadlineAndPeer(t *testing.T) {
	a, b := unix(t)
	defer a.Close()
	f := tempFile(t, strings.Repeat("x", 8<<20))
	a.(net.Conn).SetWriteDeadline(time.Now().Add(20 * time.Millisecond))
	if n, err := flow.PowersOf(a).ReaderFrom.ReadFrom(f); n >= 8<<20 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("nobody read, but %d bytes were sent: %v", n, err)
	}
	a.(net.Conn).SetWriteDeadline(time.Time{})
	b.Close()
	if _, err := flow.PowersOf(a).ReaderFrom.ReadFrom(f); !errors.Is(err, syscall.EPIPE) {
		t.Errorf("the peer is gone: %v", err)
	}
}
