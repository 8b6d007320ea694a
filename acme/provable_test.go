package acme

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
)

// What cannot be proved now may have been, and its key may be known to others now.
func TestWhatCannotBeProvedCanBeRevoked(t *testing.T) {
	m, err := New(Config{Storage: Files(t.TempDir())})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if err := m.Manage(t.Context(), "*.example.org"); err == nil || !strings.Contains(err.Error(), "DNS01 alone") {
		t.Errorf("%v", err)
	}
	if err := m.Revoke(t.Context(), "*.Example.org", 0); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
	if err := m.Revoke(t.Context(), "https://example.org", 0); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

func TestTheZoneOfTheRootHasAllNames(t *testing.T) {
	for _, c := range []struct{ zone, name, want string }{
		{".", "_acme-challenge.example.org", "."}, {"example.org", "_acme-challenge.example.org", "example.org."},
		{"example.org.", "example.org", "example.org."}, {"example.org", "_acme-challenge.anexample.org", ""},
	} {
		r := newRecords(&DNS{Zone: c.zone}, nil)
		if got, err := r.zone(t.Context(), c.name); got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s in %s: %q, %v", c.name, c.zone, got, err)
		}
	}
}
