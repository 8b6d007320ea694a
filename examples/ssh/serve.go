package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/paf-go/paf"
	"golang.org/x/crypto/ssh"
)

// serve answers HTTP in the channels of all SSH connections that it accepts, until ctx ends.
func serve(ctx context.Context, addr string, out io.Writer) error {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	host, err := ssh.NewSignerFromKey(key)
	if err != nil {
		return err
	}
	password := rand.Text()
	config := &ssh.ServerConfig{PasswordCallback: func(_ ssh.ConnMetadata, given []byte) (*ssh.Permissions, error) {
		if subtle.ConstantTimeCompare(given, []byte(password)) != 1 {
			return nil, errors.New("another password")
		}
		return nil, nil
	}}
	config.AddHostKey(host)

	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { _ = ln.Close() })()
	fmt.Fprintf(out, "go run ./examples/ssh get -to %s -host %s -password %s\n", ln.Addr(), ssh.FingerprintSHA256(host.PublicKey()), password)

	server := &paf.Server{Handler: paf.HandlerFunc(hello)}
	var sessions sync.WaitGroup
	for {
		c, err := ln.Accept()
		if err != nil {
			sessions.Wait()
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		sessions.Go(func() { session(ctx, server, c, config) })
	}
}

func hello(w *paf.ResponseWriter, r *paf.Request) {
	fmt.Fprintf(w, "You asked for %s through SSH, from %v.\n", r.Path, r.Peer())
}

// handshake is how long a client may take to say who it is.
const handshake = 10 * time.Second

// session serves each channel of a connection. The type of channel is the one with which a client of SSH forwards a connection (RFC 4254,
// Section 7.2), so that `ssh -L` and `ssh -W` do, too; where to does not matter.
func session(ctx context.Context, server *paf.Server, c net.Conn, config *ssh.ServerConfig) {
	_ = c.SetDeadline(time.Now().Add(handshake))
	conn, channels, requests, err := ssh.NewServerConn(c, config)
	if err != nil {
		_ = c.Close()
		return
	}
	_ = c.SetDeadline(time.Time{})
	go ssh.DiscardRequests(requests)
	var flows sync.WaitGroup
	defer context.AfterFunc(ctx, func() {
		grace, cancel := context.WithTimeout(context.Background(), handshake)
		defer cancel()
		_ = server.Shutdown(grace) // what is in progress is finished
		_ = conn.Close()
	})()
	for asked := range channels {
		if asked.ChannelType() != "direct-tcpip" {
			_ = asked.Reject(ssh.UnknownChannelType, "connections are forwarded here, and nothing else")
			continue
		}
		if c, requests, err := asked.Accept(); err == nil {
			flows.Go(func() { _ = server.ServeFlow(ctx, newChannel(conn, c, requests)) })
		}
	}
	flows.Wait()
}
