package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/flow/flowtest"
	"github.com/paf-go/paf/internal/testkit"
	"golang.org/x/crypto/ssh"
)

// program builds the program.
func program(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ssh")
	if out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

// started starts the server and returns what it says of how it is reached.
func started(t *testing.T, path string) (to target) {
	t.Helper()
	c := exec.Command(path, "serve", "-listen", "127.0.0.1:0")
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.Stderr = t.Output()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Signal(os.Interrupt)
		if err := c.Wait(); err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	if _, err := fmt.Fscanf(out, "go run ./examples/ssh get -to %s -host %s -password %s\n", &to.addr, &to.host, &to.password); err != nil {
		t.Fatal(err)
	}
	return to
}

func TestProgramServesAndGetsThroughSSH(t *testing.T) {
	path := program(t)
	to := started(t, path)
	out, err := exec.Command(path, "get", "-to", to.addr, "-host", to.host, "-password", to.password, "/a", "/b", "/c").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if !regexp.MustCompile(`^You asked for /a through SSH, from 127\.0\.0\.1:\d+\.\nYou asked for /b .*\nYou asked for /c .*\n$`).Match(out) {
		t.Errorf("%s", out)
	}
	for _, wrong := range [][]string{{"-host", "SHA256:other", "-password", to.password}, {"-host", to.host, "-password", "other"}} {
		if out, err := exec.Command(path, append([]string{"get", "-to", to.addr}, wrong...)...).CombinedOutput(); err == nil {
			t.Errorf("%v: %s", wrong, out)
		}
	}
}

// OpenSSH's client forwards a connection to the program: no client of paf's is needed.
func TestOpenSSHReachesTheProgram(t *testing.T) {
	client := testkit.Need(t, "ssh")
	to := started(t, program(t))
	host, port, err := net.SplitHostPort(to.addr)
	if err != nil {
		t.Fatal(err)
	}
	ask := filepath.Join(t.TempDir(), "ask")
	if err := os.WriteFile(ask, []byte("#!/bin/sh\necho "+to.password+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	c := exec.CommandContext(ctx, client, "-F", "none", "-p", port, "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
		"-o", "PreferredAuthentications=password", "-W", "paf:80", "paf@"+host)
	c.Env = append(os.Environ(), "SSH_ASKPASS="+ask, "SSH_ASKPASS_REQUIRE=force")
	c.Stdin = strings.NewReader("GET /w HTTP/1.1\r\nHost: paf\r\nConnection: close\r\n\r\n")
	var failed bytes.Buffer
	c.Stderr = &failed
	out, err := c.Output()
	if err != nil || !strings.HasPrefix(string(out), "HTTP/1.1 200 OK\r\n") || !strings.Contains(string(out), "You asked for /w through SSH") {
		t.Errorf("%v: %s%s", err, &failed, out)
	}
}

// A channel is a flow, all promises of one included.
func TestAChannelIsAFlow(t *testing.T) {
	flowtest.Run(t, func(t testing.TB) (flow.Flow, flow.Flow) {
		accepted := make(chan *channel)
		client := connect(t, func(conn ssh.Conn, asked ssh.NewChannel) {
			if c, requests, err := asked.Accept(); err == nil {
				accepted <- newChannel(conn, c, requests)
			}
		})
		c, replies, err := client.OpenChannel("test", nil)
		if err != nil {
			t.Fatal(err)
		}
		return newChannel(client, c, replies), <-accepted
	})
}

// A server that does not answer holds up nobody who has given up, and what it answers too late is closed.
func TestOpenEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	given := make(chan struct{})
	closed := make(chan error, 1)
	client := connect(t, func(conn ssh.Conn, asked ssh.NewChannel) {
		cancel()
		<-given
		c, requests, err := asked.Accept()
		if err == nil {
			_, err = newChannel(conn, c, requests).Read(make([]byte, 1))
		}
		closed <- err
	})
	if f, err := open(ctx, client); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, %v", f, err)
	}
	close(given)
	if err := <-closed; err != io.EOF {
		t.Errorf("the channel that came too late: %v", err)
	}
}

// connect returns a client of a server in memory, by which serve is called for each channel that is asked for.
func connect(t testing.TB, serve func(ssh.Conn, ssh.NewChannel)) *ssh.Client {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	near, far := flow.Pipe(0)
	config := &ssh.ServerConfig{NoClientAuth: true}
	config.AddHostKey(signer)
	go func() {
		conn, channels, requests, err := ssh.NewServerConn(far, config)
		if err != nil {
			return // the client fails, too
		}
		go ssh.DiscardRequests(requests)
		for asked := range channels {
			serve(conn, asked)
		}
	}()
	conn, channels, requests, err := ssh.NewClientConn(near, "paf", &ssh.ClientConfig{HostKeyCallback: ssh.FixedHostKey(signer.PublicKey())})
	if err != nil {
		t.Fatal(err)
	}
	client := ssh.NewClient(conn, channels, requests)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func TestTheCommandLineSaysWhatIsMissing(t *testing.T) {
	path := program(t)
	if out, err := exec.Command(path, "serve", "-h").CombinedOutput(); err != nil || !strings.Contains(string(out), "-listen") {
		t.Errorf("help is a failure: %v\n%s", err, out)
	}
	if out, err := exec.Command(path, "get", "/").CombinedOutput(); err == nil || !strings.HasPrefix(string(out), "ssh: -host FINGERPRINT ") {
		t.Errorf("%v\n%s", err, out)
	}
}
