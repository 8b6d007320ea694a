package acme_test

import (
	"context"
	"crypto/tls"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddyserver/certmagic"
	"github.com/paf-go/paf/acme"
	"github.com/paf-go/paf/internal/fleettest"
	"github.com/paf-go/paf/internal/selfsigned"
	"github.com/paf-go/paf/internal/testkit"
)

// certificate is for whoever does not look.
var certificate = sync.OnceValue(func() tls.Certificate {
	c, _ := selfsigned.New("paf.test")
	return c
})

// A server is one machine of a fleet.
type server struct {
	tickets *acme.Tickets
	config  *tls.Config
	log     *testkit.Record
}

// newServer starts the ticket keys of a server, for the test's time.
func newServer(t *testing.T, c acme.TicketConfig) *server {
	t.Helper()
	s := &server{config: &tls.Config{Certificates: []tls.Certificate{certificate()}, Time: time.Now}, log: new(testkit.Record)}
	c.Log = s.log.Logger()
	tickets, err := acme.NewTickets(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tickets.Close(); err != nil {
			t.Error(err)
		}
	})
	s.tickets = tickets
	tickets.Apply(s.config)
	return s
}

// each runs a test with both versions of TLS that know tickets, in virtual time, with a storage in files.
func each(t *testing.T, f func(t *testing.T, version uint16, storage *certmagic.FileStorage)) {
	for name, version := range map[string]uint16{"TLS 1.2": tls.VersionTLS12, "TLS 1.3": tls.VersionTLS13} {
		t.Run(name, func(t *testing.T) {
			certificate()
			storage := &certmagic.FileStorage{Path: t.TempDir()}
			synctest.Test(t, func(t *testing.T) {
				t.Cleanup(func() { time.Sleep(6 * time.Second) }) // what keeps a lock in files fresh ends at its next look
				f(t, version, storage)
			})
		})
	}
}

func TestServersResumeEachOthersSessions(t *testing.T) {
	each(t, func(t *testing.T, version uint16, storage *certmagic.FileStorage) {
		a, b := newServer(t, acme.TicketConfig{Storage: storage}), newServer(t, acme.TicketConfig{Storage: storage})
		client := fleettest.NewClient(version)
		if fleettest.Resumes(t, client, a.config) {
			t.Fatal("the first handshake was none")
		}
		for i, s := range []*server{b, a, b} {
			if !fleettest.Resumes(t, client, s.config) {
				t.Errorf("handshake %d was a full one", i+2)
			}
		}
		if fleettest.Resumes(t, client, &tls.Config{Certificates: []tls.Certificate{certificate()}}) {
			t.Error("a server without the keys resumed a session")
		}
	})
}

// TestResumptionThroughRotations goes from one server to the other for the time of many keys; then it stays away for so long that its key is gone.
func TestResumptionThroughRotations(t *testing.T) {
	each(t, func(t *testing.T, version uint16, storage *certmagic.FileStorage) {
		every := 6 * time.Hour
		c := acme.TicketConfig{Storage: storage, Every: every, Keep: 2}
		servers := []*server{newServer(t, c), newServer(t, c), newServer(t, c)}
		client := fleettest.NewClient(version)
		fleettest.Resumes(t, client, servers[0].config)
		for i := range 40 {
			time.Sleep(every / 7)
			if !fleettest.Resumes(t, client, servers[i%3].config) {
				t.Errorf("no resumption in round %d", i)
			}
		}
		time.Sleep(2*every - time.Minute)
		if !fleettest.Resumes(t, client, servers[1].config) {
			t.Errorf("no resumption within Keep*Every")
		}
		time.Sleep(3*every + time.Hour)
		if fleettest.Resumes(t, client, servers[2].config) {
			t.Errorf("resumption with a key that is gone")
		}
		made := 0
		for _, s := range servers {
			made += strings.Count(s.log.String(), "a new session-ticket key")
		}
		if want := 11; made < want || made > want+1 { // 1 at first, and one every Every
			t.Errorf("%d keys were made by all servers together", made)
		}
	})
}

// TestClonesFollow has a server hand out clones of its configuration, made before the keys change.
func TestClonesFollow(t *testing.T) {
	each(t, func(t *testing.T, version uint16, storage *certmagic.FileStorage) {
		every := time.Hour
		c := acme.TicketConfig{Storage: storage, Every: every, Keep: 1}
		a, b := newServer(t, c), newServer(t, c)
		clone := a.config.Clone()
		a.config.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) { return clone, nil }
		time.Sleep(5 * every)
		client := fleettest.NewClient(version)
		fleettest.Resumes(t, client, a.config)
		if !fleettest.Resumes(t, client, b.config) || !fleettest.Resumes(t, client, a.config) {
			t.Error("a clone has other keys")
		}
	})
}

// TestStorageFails takes the storage away: sessions go on being resumed, at all servers, and one line of the log says what is wrong.
func TestStorageFails(t *testing.T) {
	each(t, func(t *testing.T, version uint16, storage *certmagic.FileStorage) {
		every := time.Hour
		c := acme.TicketConfig{Storage: storage, Every: every, Keep: 1}
		a, b := newServer(t, c), newServer(t, c)
		client := fleettest.NewClient(version)
		fleettest.Resumes(t, client, a.config)
		away := storage.Path + ".away"
		if err := os.Rename(storage.Path, away); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(storage.Path, nil, 0o600); err != nil { // a file in the folder's place
			t.Fatal(err)
		}
		time.Sleep(every*9/2 + time.Minute)
		if !fleettest.Resumes(t, client, b.config) || !fleettest.Resumes(t, client, a.config) {
			t.Error("the last keys do not go on")
		}
		if n := strings.Count(b.log.String(), "level=WARN"); n < 4 || n > 5 { // one, and one each hour
			t.Errorf("%d warnings:\n%s", n, b.log)
		}
		if _, err := acme.NewTickets(t.Context(), c); !errors.As(err, new(*acme.TicketError)) {
			t.Errorf("a server that starts: %v", err)
		}
		if err := errors.Join(os.Remove(storage.Path), os.Rename(away, storage.Path)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Minute)
		if !strings.Contains(b.log.String(), "shared again") {
			t.Errorf("nothing is said of its return:\n%s", b.log)
		}
		time.Sleep(every)
		if !fleettest.Resumes(t, client, b.config) || !fleettest.Resumes(t, client, a.config) {
			t.Error("no resumption once the storage is back")
		}
	})
}

// TestKeysAreSecret looks where keys are: in one file, for its owner only, and not in the log.
func TestKeysAreSecret(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "storage")
	s := newServer(t, acme.TicketConfig{Storage: &certmagic.FileStorage{Path: dir}})
	text, err := os.ReadFile(filepath.Join(dir, "session_tickets", "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), `"secret":"`)
	secret, _, found := strings.Cut(rest, `"`)
	if !found || len(secret) < 40 || strings.Contains(s.log.String(), secret) {
		t.Errorf("the secret %q, or none, is in the log:\n%s", secret, s.log)
	}
	for name, mode := range map[string]os.FileMode{"": 0o700, "session_tickets": 0o700, "session_tickets/keys.json": 0o600} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
}

func TestWrongTicketConfigs(t *testing.T) {
	storage := &certmagic.FileStorage{Path: t.TempDir()}
	for _, c := range []acme.TicketConfig{{}, {Storage: storage, Every: -1}, {Storage: storage, Keep: 63}, {Storage: storage, Every: 1}, {Storage: storage, Every: time.Hour, Skew: time.Hour}} {
		if _, err := acme.NewTickets(context.Background(), c); !errors.Is(err, acme.ErrTicketConfig) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	if err := storage.Store(t.Context(), "session_tickets/keys.json", []byte("{}")); err != nil {
		t.Fatal(err)
	}
	if _, err := acme.NewTickets(context.Background(), acme.TicketConfig{Storage: storage}); !errors.Is(err, acme.ErrTicketKeys) {
		t.Errorf("with what others have stored: %v", err)
	}
}
