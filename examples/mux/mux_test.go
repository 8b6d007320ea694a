package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/flow/flowtest"
	"github.com/xtaci/smux"
)

func TestProgramServesAndGetsThroughOneConnection(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mux")
	if out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if out, err := exec.Command(path, "get", "-h").CombinedOutput(); err != nil || !strings.Contains(string(out), "-to") {
		t.Errorf("help is a failure: %v\n%s", err, out)
	}
	server := exec.Command(path, "serve", "-listen", "127.0.0.1:0")
	said, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	server.Stderr = t.Output()
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Signal(os.Interrupt)
		if err := server.Wait(); err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	var addr string
	if _, err := fmt.Fscanf(said, "go run ./examples/mux get -to %s\n", &addr); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(path, "get", "-to", addr, "-n", "100").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for i := range 100 {
		if !strings.Contains(string(out), fmt.Sprintf("You asked for /%d.\n", i)) {
			t.Errorf("/%d was not answered:\n%s", i, out)
		}
	}
	if !strings.Contains(string(out), "100 requests, ") {
		t.Errorf("%s", out)
	}
}

// A stream is a flow, all promises of one included.
func TestAStreamIsAFlow(t *testing.T) {
	flowtest.Run(t, func(t testing.TB) (flow.Flow, flow.Flow) {
		near, far := flow.Pipe(0)
		client, err := smux.Client(whole{near}, settings())
		if err != nil {
			t.Fatal(err)
		}
		server, err := smux.Server(whole{far}, settings())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = client.Close()
			_ = server.Close()
		})
		a, err := client.OpenStream()
		if err != nil {
			t.Fatal(err)
		}
		b, err := server.AcceptStream()
		if err != nil {
			t.Fatal(err)
		}
		return newStream(a), newStream(b)
	})
}

// The loss of the session is no end of a stream that was meant.
func TestTheEndOfTheSessionIsNoEndOfAStream(t *testing.T) {
	near, far := flow.Pipe(0)
	client, err := smux.Client(whole{near}, settings())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	a, err := client.OpenStream()
	if err != nil {
		t.Fatal(err)
	}
	s := newStream(a)
	defer s.Close()
	_ = far.CloseWrite()
	if n, err := s.Read(make([]byte, 1)); err == nil || err.Error() == "EOF" {
		t.Errorf("read %d bytes, %v", n, err)
	}
}
