package redis_test

import (
	"crypto/tls"
	"strings"
	"testing"
	"time"

	"github.com/paf-go/paf/acme"
	"github.com/paf-go/paf/acme/redis"
	"github.com/paf-go/paf/internal/fleettest"
	"github.com/paf-go/paf/internal/selfsigned"
	"github.com/paf-go/paf/internal/testkit"
)

// TestTickets has two servers with storages of their own on one Redis: a client's session is resumed at either, through changes of the
// key; then Redis is killed, and it still is.
func TestTickets(t *testing.T) {
	server := fleettest.StartRedis(t)
	var configs []*tls.Config
	log := new(testkit.Record)
	certificate, _ := selfsigned.New("paf.test")
	for range 2 {
		storage := open(t, server.URL("lock_ttl=500ms"), redis.Config{Keys: [][]byte{make([]byte, 32)}, Timeout: 3 * time.Second})
		tickets, err := acme.NewTickets(t.Context(), acme.TicketConfig{Storage: storage, Every: 4 * time.Second, Poll: 100 * time.Millisecond, Skew: 1800 * time.Millisecond, Keep: 60,
			Log: log.Logger()})
		if err != nil {
			t.Fatal(err)
		}
		defer tickets.Close()
		config := &tls.Config{Certificates: []tls.Certificate{certificate}}
		tickets.Apply(config)
		configs = append(configs, config)
	}
	var clients []*tls.Config
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		client := fleettest.NewClient(version)
		if fleettest.Resumes(t, client, configs[0]) {
			t.Error("the first handshake was none")
		}
		clients = append(clients, client)
	}
	round := 0
	both := func() {
		round++
		for _, client := range clients {
			if !fleettest.Resumes(t, client, configs[round%2]) {
				t.Errorf("TLS %x, round %d: no resumption", client.MinVersion, round)
			}
		}
	}
	soon(t, "two keys have followed the first", func() bool {
		both()
		return strings.Count(log.String(), "a new session-ticket key") >= 3
	})
	server.Stop()
	both()
	both()
	soon(t, "the log tells", func() bool { return strings.Contains(log.String(), "the last ones go on") })
	both()
	both()
}
