package fleettest

import (
	"crypto/tls"
	"io"
	"net"
	"testing"
	"time"
)

// NewClient returns a client of one version of TLS, which keeps the sessions of all servers under one name.
func NewClient(version uint16) *tls.Config {
	return &tls.Config{InsecureSkipVerify: true, ServerName: "paf.test", MinVersion: version, MaxVersion: version, ClientSessionCache: tls.NewLRUClientSessionCache(8), Time: time.Now}
}

// Resumes says whether a client resumes its session with a server, over TCP.
func Resumes(t *testing.T, client, server *tls.Config) bool {
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
