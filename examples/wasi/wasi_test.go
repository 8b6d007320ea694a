//go:build unix

package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/internal/testkit"
	"github.com/paf-go/paf/mimic"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
)

// program builds the program for WASI and returns its path.
func program(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "wasi.wasm")
	build := exec.Command("go", "build", "-o", path, ".")
	build.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

// A host runs the program once, with its standard input and output, to its end.
type host func(ctx context.Context, in, out *os.File) error

func TestWazero(t *testing.T) {
	code, err := os.ReadFile(program(t))
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().WithCloseOnContextDone(true))
	defer r.Close(ctx)
	wasi_snapshot_preview1.MustInstantiate(ctx, r)
	module, err := r.CompileModule(ctx, code)
	if err != nil {
		t.Fatal(err)
	}
	talk(t, func(ctx context.Context, in, out *os.File) error {
		config := wazero.NewModuleConfig().WithName("").WithStdin(in).WithStdout(out).WithStderr(os.Stderr).
			WithSysWalltime().WithSysNanotime().WithSysNanosleep().WithRandSource(rand.Reader)
		instance, err := r.InstantiateModule(ctx, module, config)
		if instance != nil {
			_ = instance.Close(ctx)
		}
		return err
	})
}

func TestNode(t *testing.T) {
	node := testkit.Need(t, "node")
	path := program(t)
	talk(t, func(ctx context.Context, in, out *os.File) error {
		cmd := exec.CommandContext(ctx, node, "--no-warnings", "run.mjs", path)
		cmd.ExtraFiles, cmd.Stderr = []*os.File{in, out}, os.Stderr
		return cmd.Run()
	})
}

// pipes are a flow to somebody's standard input and output.
type pipes struct{ in, out *os.File }

func (p pipes) Read(b []byte) (int, error)         { return p.out.Read(b) }
func (p pipes) Write(b []byte) (int, error)        { return p.in.Write(b) }
func (p pipes) Close() error                       { return errors.Join(p.in.Close(), p.out.Close()) }
func (p pipes) CloseWrite() error                  { return p.in.Close() }
func (p pipes) SetReadDeadline(t time.Time) error  { return p.out.SetReadDeadline(t) }
func (p pipes) SetWriteDeadline(t time.Time) error { return p.in.SetWriteDeadline(t) }

// talk speaks both protocols to the program: each connection of a client is a run of its own.
func talk(t *testing.T, run host) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var runs sync.WaitGroup
	instance := mimic.Register("instance", 0, func(context.Context, struct{}) (pipes, error) {
		theirIn, ourIn, err := os.Pipe()
		if err != nil {
			return pipes{}, err
		}
		ourOut, theirOut, err := os.Pipe()
		if err != nil {
			return pipes{}, errors.Join(err, theirIn.Close(), ourIn.Close())
		}
		runs.Go(func() {
			if err := run(ctx, theirIn, theirOut); err != nil {
				t.Errorf("the program has ended with %v", err)
			}
			_, _ = theirIn.Close(), theirOut.Close()
		})
		return pipes{ourIn, ourOut}, nil
	})
	for _, protocol := range []paf.Protocol{paf.HTTP11, paf.HTTP2} {
		c := &paf.Client{Context: mimic.Add(mimic.Context{}, instance, struct{}{}), Protocol: protocol, MaxConns: 1}
		if got, want := ask(t, c, "/", nil), fmt.Sprintf("Hello from wasip1/wasm, over %s.\n", protocol); string(got) != want {
			t.Errorf("%v: %q, want %q", protocol, got, want)
		}
		content := make([]byte, 1<<20)
		_, _ = rand.Read(content)
		if !bytes.Equal(ask(t, c, "/echo", content), content) {
			t.Errorf("%v: other content came back", protocol)
		}
		if protocol == paf.HTTP2 {
			waitAtOnce(t, c)
		}
		if n := c.Stats().Opened; n != 1 {
			t.Errorf("%v: %d connections, want one", protocol, n)
		}
		c.Close()
	}
	runs.Wait()
}

// waitAtOnce has twenty handlers wait at once while another request is answered: a Read that waits must not hold them up.
func waitAtOnce(t *testing.T, c *paf.Client) {
	begin := time.Now()
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			if got := ask(t, c, "/wait/200", nil); !strings.HasPrefix(string(got), "waited") {
				t.Errorf("%q", got)
			}
		})
	}
	group.Wait()
	if took := time.Since(begin); took > 2*time.Second {
		t.Errorf("twenty exchanges of 200 ms took %v: they have waited for one another", took)
	}
}

func ask(t *testing.T, c *paf.Client, path string, content []byte) []byte {
	r, err := paf.NewRequest("POST", "http://wasi"+path, bytes.NewReader(content))
	if err != nil {
		t.Error(err)
		return nil
	}
	resp, err := c.Do(t.Context(), r)
	if err != nil {
		t.Error(err)
		return nil
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil || resp.Status != 200 {
		t.Errorf("%s: status %d, %d bytes, error %v", path, resp.Status, len(got), err)
	}
	return got
}
