package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/mimic"
	"golang.org/x/crypto/ssh"
)

// A target is a server of SSH.
type target struct{ addr, host, password string }

// dial connects to it, and makes sure that it is the one.
func (t target) dial(ctx context.Context) (*ssh.Client, error) {
	config := &ssh.ClientConfig{
		User: "paf",
		Auth: []ssh.AuthMethod{ssh.Password(t.password)},
		HostKeyCallback: func(_ string, _ net.Addr, key ssh.PublicKey) error {
			if got := ssh.FingerprintSHA256(key); got != t.host {
				return fmt.Errorf("its key is %s", got)
			}
			return nil
		},
	}
	c, err := new(net.Dialer).DialContext(ctx, "tcp", t.addr)
	if err != nil {
		return nil, err
	}
	_ = c.SetDeadline(time.Now().Add(handshake))
	conn, channels, requests, err := ssh.NewClientConn(c, t.addr, config)
	if err != nil {
		_ = c.Close()
		return nil, err
	}
	_ = c.SetDeadline(time.Time{})
	return ssh.NewClient(conn, channels, requests), nil
}

// direct is what opens a channel that forwards a connection (RFC 4254, Section 7.2).
type direct struct {
	Host       string
	Port       uint32
	OriginHost string
	OriginPort uint32
}

// overSSH opens channels of a connection: a user's own protocol, whose endpoint is the connection.
var overSSH = mimic.Register("ssh", 0, open)

// open opens a channel. Package ssh knows no context: a channel that comes when nobody waits any more is closed.
func open(ctx context.Context, conn *ssh.Client) (*channel, error) {
	opened, failed := make(chan *channel), make(chan error, 1)
	go func() {
		c, requests, err := conn.OpenChannel("direct-tcpip", ssh.Marshal(direct{Host: "paf", Port: 80, OriginHost: "127.0.0.1"}))
		if err != nil {
			failed <- err
			return
		}
		f := newChannel(conn, c, requests)
		select {
		case opened <- f:
		case <-ctx.Done():
			_ = f.Close()
		}
	}()
	select {
	case f := <-opened:
		return f, nil
	case err := <-failed:
		return nil, err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// get fetches all paths at once, through one connection of SSH.
func get(ctx context.Context, to target, paths []string, out io.Writer) error {
	if len(paths) == 0 {
		paths = []string{"/"}
	}
	conn, err := to.dial(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	client := &paf.Client{Context: mimic.Add(mimic.Context{}, overSSH, conn)}
	defer client.Close()

	type result struct {
		content []byte
		err     error
	}
	results := make([]chan result, len(paths))
	for i, path := range paths {
		results[i] = make(chan result, 1)
		go func() {
			resp, err := client.Get(ctx, "http://paf"+path)
			if err != nil {
				results[i] <- result{nil, err}
				return
			}
			defer resp.Body.Close()
			content, err := io.ReadAll(resp.Body)
			results[i] <- result{content, err}
		}()
	}
	var failed error
	for _, r := range results {
		r := <-r
		_, err := out.Write(r.content)
		failed = errors.Join(failed, r.err, err)
	}
	return failed
}
