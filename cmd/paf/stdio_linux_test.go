package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/internal/testkit"
	"github.com/paf-go/paf/mimic"
)

// pafCommand returns the program, as TestMain lays it out, ready to be started; it is killed when the test takes too long.
func pafCommand(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	return exec.CommandContext(ctx, "paf", args...)
}

// exitOf waits for a program and returns its exit status.
func exitOf(t *testing.T, cmd *exec.Cmd) int {
	t.Helper()
	var status *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &status) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode()
}

// answers reads what are nothing but responses to GET, and returns their statuses.
func answers(t *testing.T, r io.Reader) (statuses []int) {
	t.Helper()
	b := bufio.NewReader(r)
	for {
		if _, err := b.Peek(1); err != nil {
			return statuses
		}
		resp, err := http.ReadResponse(b, nil)
		if err != nil {
			t.Fatalf("after %v: %v", statuses, err)
		}
		if _, err := io.Copy(io.Discard, resp.Body); err != nil {
			t.Error(err)
		}
		statuses = append(statuses, resp.StatusCode)
	}
}

const twoRequests = "GET /echo HTTP/1.1\r\nHost: x\r\n\r\nGET /none HTTP/1.1\r\nHost: x\r\n\r\n"

func TestStdioIsOneConnection(t *testing.T) {
	cmd := pafCommand(t, "serve", "--stdio")
	var out, log bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(twoRequests), &out, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if status := exitOf(t, cmd); status != 0 {
		t.Errorf("exit status %d", status)
	}
	if got := answers(t, &out); len(got) != 2 || got[0] != 200 || got[1] != 404 {
		t.Errorf("%v", got)
	}
	if got := log.String(); !strings.HasPrefix(got, "GET /echo 200 ") || strings.Count(got, "\n") != 2 {
		t.Errorf("standard error has %q", got)
	}
}

// A client speaks HTTP/2 over TLS with the program, over two pipes: the flow at its own end is one of files, too.
func TestStdioCarriesTLSAndHTTP2(t *testing.T) {
	cmd := pafCommand(t, "serve", "--stdio", "--tls")
	in, toIt, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	fromIt, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, out, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_, _ = in.Close(), out.Close()
	program := mimic.Register("program", 0, func(ctx context.Context, f flow.Flow) (flow.Flow, error) {
		return flow.TLSClient(ctx, f, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
	})
	client := &paf.Client{Context: mimic.Add(mimic.Context{}, program, flow.Files(fromIt, toIt))}
	for range 3 {
		resp, err := client.Get(t.Context(), "https://localhost/echo")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, resp.Body); resp.Protocol != paf.HTTP2 || err != nil {
			t.Errorf("%v, %v", resp.Protocol, err)
		}
	}
	client.Close()
	if status := exitOf(t, cmd); status != 0 {
		t.Errorf("exit status %d: %s", status, &log)
	}
}

// Under inetd standard input, output and error are one socket: nothing but HTTP goes there.
func TestStdioOfInetdIsTheSocket(t *testing.T) {
	for name, requests := range map[string]string{"good": twoRequests, "bad": "GARBAGE\r\n\r\n"} {
		t.Run(name, func(t *testing.T) {
			near, far := socketPair(t)
			cmd := pafCommand(t, "serve", "--stdio")
			cmd.Stdin, cmd.Stdout, cmd.Stderr = far, far, far
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			_ = far.Close()
			if _, err := io.WriteString(near, requests); err != nil {
				t.Fatal(err)
			}
			if err := near.(*net.UnixConn).CloseWrite(); err != nil {
				t.Fatal(err)
			}
			got := answers(t, near)
			if want := map[string]int{"good": 2, "bad": 1}[name]; len(got) != want {
				t.Errorf("%v", got)
			}
			if status, want := exitOf(t, cmd), map[string]int{"good": 0, "bad": 1}[name]; status != want {
				t.Errorf("exit status %d, want %d", status, want)
			}
		})
	}
}

// A socket that accepts connections is none: whoever has handed it on is told, and how it is done.
func TestStdioOfAListenerIsRefused(t *testing.T) {
	ln := testkit.Listen(t)
	defer ln.Close()
	f, err := ln.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	cmd := pafCommand(t, "serve", "--stdio")
	var log bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = f, f, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	const want = "paf: standard input is a listening socket: use nowait / Accept=yes, or --listen systemd\n"
	if status := exitOf(t, cmd); status != 2 || log.String() != want {
		t.Errorf("exit status %d, %q", status, log.String())
	}
	cmd = pafCommand(t, "serve", "--stdio")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = f, f, f // nobody can be told
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if status := exitOf(t, cmd); status != 2 {
		t.Errorf("exit status %d: %v", status, cmd.ProcessState)
	}
}

// What is wrong with the command line is not for the client to read.
func TestStdioOfInetdKeepsItsFailuresToItself(t *testing.T) {
	near, far := socketPair(t)
	cmd := pafCommand(t, "serve", "--stdio", filepath.Join(t.TempDir(), "none"))
	cmd.Stdin, cmd.Stdout, cmd.Stderr = far, far, far
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = far.Close()
	if got, err := io.ReadAll(near); len(got) > 0 || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if status := exitOf(t, cmd); status != 2 {
		t.Errorf("exit status %d", status)
	}
}

// A peer that has gone is a failure, and no signal that ends the program.
func TestStdioWhosePeerHasGoneFails(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := pafCommand(t, "serve", "--stdio", "--quiet")
	cmd.Stdin, cmd.Stdout = strings.NewReader("GET /random HTTP/1.1\r\nHost: x\r\nx-length: 999999999999\r\n\r\n"), w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = w.Close()
	if _, err := io.ReadFull(r, make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	_ = r.Close()
	if status := exitOf(t, cmd); status != 1 {
		t.Errorf("exit status %d: %v", status, cmd.ProcessState)
	}
}

func TestStdioEndsWithASignal(t *testing.T) {
	near, far := socketPair(t)
	cmd := pafCommand(t, "serve", "--stdio")
	cmd.Stdin, cmd.Stdout = far, far
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = far.Close()
	if _, err := io.WriteString(near, twoRequests[:len(twoRequests)/2]); err != nil {
		t.Fatal(err)
	}
	b := bufio.NewReader(near)
	if _, err := http.ReadResponse(b, nil); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if status := exitOf(t, cmd); status != 0 {
		t.Errorf("exit status %d", status)
	}
}

// socketPair returns a connection and, as a file, its other end.
func socketPair(t *testing.T) (near net.Conn, far *os.File) {
	t.Helper()
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	f := os.NewFile(uintptr(fds[0]), "near")
	defer f.Close()
	if near, err = net.FileConn(f); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = near.Close() })
	return near, os.NewFile(uintptr(fds[1]), "far")
}
