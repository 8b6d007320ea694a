package redis_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/paf-go/paf/acme"
	"github.com/paf-go/paf/acme/redis"
)

// TestTickets has two servers with storages of their own on one Redis: a client's session is resumed at either, through changes of the
// key; then Redis is killed, and it still is.
func TestTickets(t *testing.T) {
	server := startRedis(t)
	var configs []*tls.Config
	certificate, log := certificate(t), new(record)
	for range 2 {
		storage := open(t, server.url("lock_ttl=500ms"), redis.Config{Keys: [][]byte{make([]byte, 32)}, Timeout: 3 * time.Second})
		tickets, err := acme.NewTickets(t.Context(), acme.TicketConfig{Storage: storage, Every: 4 * time.Second, Poll: 100 * time.Millisecond, Skew: 1800 * time.Millisecond, Keep: 60,
			Log: log.logger()})
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
		client := &tls.Config{InsecureSkipVerify: true, ServerName: "paf.test", MinVersion: version, MaxVersion: version, ClientSessionCache: tls.NewLRUClientSessionCache(8)}
		if resumes(t, client, configs[0]) {
			t.Error("the first handshake was none")
		}
		clients = append(clients, client)
	}
	round := 0
	both := func() {
		round++
		for _, client := range clients {
			if !resumes(t, client, configs[round%2]) {
				t.Errorf("TLS %x, round %d: no resumption", client.MinVersion, round)
			}
		}
	}
	soon(t, "two keys have followed the first", func() bool {
		both()
		return strings.Count(log.String(), "a new session-ticket key") >= 3
	})
	server.stop()
	both()
	both()
	soon(t, "the log tells", func() bool { return strings.Contains(log.String(), "the last ones go on") })
	both()
	both()
}

func certificate(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// resumes says whether a client resumes its session with a server, over TCP.
func resumes(t *testing.T, client, server *tls.Config) bool {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	served := make(chan error, 1)
	go func() {
		conn, err := tls.NewListener(ln, server).Accept()
		if err == nil {
			_, err = io.Copy(conn, conn)
			_ = conn.Close()
		}
		served <- err
	}()
	conn, err := tls.Dial("tcp", ln.Addr().String(), client)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "x"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil { // and with it the tickets of TLS 1.3
		t.Fatal(err)
	}
	if err := conn.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if err := <-served; err != nil {
		t.Fatal(err)
	}
	return conn.ConnectionState().DidResume
}
