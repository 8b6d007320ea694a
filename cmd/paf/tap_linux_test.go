package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"github.com/paf-go/paf/cmd/paf/internal/exit"
	"github.com/paf-go/paf/internal/testkit"
)

// TestLoadBringsItsOwnTCP: paf load has TCP/IP of its own on a TAP device, the server is the kernel's at its other end.
func TestLoadBringsItsOwnTCP(t *testing.T) {
	testkit.Apart(t, func() {
		const commands = "ip tuntap add tap0 mode tap && ip address add 10.78.0.1/24 dev tap0 && ip link set tap0 up"
		if out, err := exec.CommandContext(t.Context(), "sh", "-c", commands).CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
			return
		}
		ln, err := net.Listen("tcp", "10.78.0.1:0")
		if err != nil {
			t.Error(err)
			return
		}
		s := &http.Server{Protocols: new(http.Protocols), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if from, _, _ := net.SplitHostPort(r.RemoteAddr); from != "10.78.0.2" {
				w.WriteHeader(http.StatusForbidden)
			}
			_, _ = io.WriteString(w, "hello")
		})}
		s.Protocols.SetHTTP1(true)
		s.Protocols.SetUnencryptedHTTP2(true)
		defer s.Close()
		go s.Serve(ln)
		for _, args := range []string{"-c 4 -n 400", "-c 2 -m 8 --http2-prior-knowledge -n 400", "-c 4 --rate 1000 -n 400"} {
			code, stdout, stderr := loads(t, append(strings.Fields(args), "--tap", "tap0", "--addr", "10.78.0.2/24", fmt.Sprintf("http://%s/", ln.Addr()))...)
			if code != exit.OK || !strings.Contains(stdout, "400 answered, 0 failed") {
				t.Errorf("%s: %d, %s%s", args, code, stdout, stderr)
			}
		}
	})
}
