package proxying

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tg123/go-htpasswd"
	"golang.org/x/crypto/bcrypt"
)

// usersOf reads users from a text.
func usersOf(t *testing.T, text string) (*Users, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "users")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return ReadUsers(file, nil)
}

func hashed(t *testing.T, password string) string {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	return string(hash)
}

func TestUsersAreWhoTheyAre(t *testing.T) {
	u, err := usersOf(t, "# comment\n\nann:"+hashed(t, "pässword: x")+"\nbob:$apr1$r31.....$HqJZimcKQFAMYayBlzkrA/\n")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, password string
		want           bool
	}{
		{"ann", "pässword: x", true}, {"ann", "pässword: x", true}, {"ann", "", false}, {"bob", "myPassword", true}, {"bob", "mypassword", false},
		{"", "", false}, {"carl", "pässword: x", false}, {"ann:", "x", false}, {"# comment", "", false},
	} {
		if got := u.Authenticate(t.Context(), c.name, c.password); got != c.want {
			t.Errorf("%q %q: %t", c.name, c.password, got)
		}
	}
}

func TestAFileOfUsersThatIsWrongSaysWhere(t *testing.T) {
	for text, want := range map[string]string{
		"": "no user", "#" + strings.Repeat("-", 100_000) + "\nann": "line 2: it has not the form", "ann:" + strings.Repeat("-", 100_000): "line 1: its hash is of no kind",
		"ann": "line 1: it has not the form", "\nann:secret": "line 2: its hash is of no kind",
		"ann:$2y$05$short": "not one of bcrypt", "a:" + hashed(t, "x") + "\na:" + hashed(t, "y"): `line 2: "a" is there twice`,
	} {
		if _, err := usersOf(t, text); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

// A slowHash counts how often it is computed, and how often at a time.
type slowHash struct{ all, now, most atomic.Int32 }

func (h *slowHash) MatchesPassword(password string) bool {
	h.all.Add(1)
	now := h.now.Add(1)
	defer h.now.Add(-1)
	time.Sleep(time.Millisecond)
	for most := h.most.Load(); now > most && !h.most.CompareAndSwap(most, now); most = h.most.Load() {
	}
	return password == "right"
}

func TestFewHashesAreComputed(t *testing.T) {
	u, err := usersOf(t, "ann:"+hashed(t, "right"))
	if err != nil {
		t.Fatal(err)
	}
	hash := &slowHash{}
	u.hashes["ann"], u.decoy = htpasswd.EncodedPasswd(hash), hash
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if !u.Authenticate(t.Context(), "ann", "right") {
				t.Error("she is not known")
			}
		})
	}
	all.Wait()
	if n := hash.all.Load(); n > int32(cap(u.gate)) {
		t.Errorf("%d hashes were computed for the same password", n)
	}
	for i := range 50 {
		all.Go(func() { u.Authenticate(t.Context(), fmt.Sprint("nobody", i), "right") })
	}
	all.Wait()
	if n, most := hash.all.Load(), hash.most.Load(); n < 50 || most > int32(cap(u.gate)) {
		t.Errorf("%d hashes, %d at a time", n, most)
	}
	// Who is known waits for nobody.
	for range cap(u.gate) {
		u.gate <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if !u.Authenticate(t.Context(), "ann", "right") || u.Authenticate(ctx, "ann", "wrong") {
		t.Error("a full gate: who is known is to pass, who is not to wait")
	}
	for i := range 2 * knownMost {
		u.remember(u.mark("ann", fmt.Sprint(i)))
	}
	if n := len(u.known); n != knownMost {
		t.Errorf("%d are remembered", n)
	}
}
