package serve

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/internal/testkit"
)

// Who is refused before a request finds out nothing, but whoever serves does: by whom, and why.
func TestRefusalsAreTold(t *testing.T) {
	for name, c := range map[string]struct {
		list, says, want string
		tls              bool
	}{
		"no header":            {"127.0.0.0/8", "GET / HTTP/1.1\r\n\r\n", "there is no header, and one is required", false},
		"header of a stranger": {"192.0.2.1", "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n", "there is a header from a peer that is not to send one", false},
		"malformed header":     {"127.0.0.0/8", "PROXY NONSENSE 1\r\n", "malformed header", false},
		"no TLS":               {"192.0.2.1", "GET / HTTP/1.1\r\n\r\n", "client sent an HTTP request to an HTTPS server", true},
	} {
		t.Run(name, func(t *testing.T) {
			proxy, err := NewProxyHeader(c.list)
			if err != nil {
				t.Fatal(err)
			}
			o := Options{Listen: []string{"127.0.0.1:0"}, ProxyHeader: proxy, Quiet: true}
			lines := 1
			if c.tls {
				o.TLS, lines = &TLS{Offers: []string{"h2", "http/1.1"}}, 2
			}
			r := start(t, o, lines)
			addr := r.addr(t)
			conn, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, err := io.WriteString(conn, c.says); err != nil {
				t.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, conn) // until it is closed
			r.stop()
			if err := r.ended(t); err != nil {
				t.Error(err)
			}
			got := r.log.Take()
			if strings.Count(got, "\n") != 1 || !strings.Contains(got, "a connection was refused") ||
				!strings.Contains(got, "peer="+conn.LocalAddr().String()) || !strings.Contains(got, c.want) {
				t.Errorf("the log has %q", got)
			}
		})
	}
}

// However many are refused, some lines are all that comes of it, and the number of the others.
func TestRefusalsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out testkit.Record
		log, finish := withRefusals(out.Logger())
		refuse := func(n int) {
			for range n {
				log.Debug("x", "peer", &net.TCPAddr{Port: 1}, "error", fmt.Errorf("%w: %w", paf.ErrHandshake, tls.AlertError(40)))
			}
		}
		refuse(1000)
		if got := out.Take(); strings.Count(got, "\n") != refusalsTold || strings.Contains(got, "the handshake failed") {
			t.Errorf("the log has\n%s", got)
		}
		time.Sleep(2 * refusalsIn)
		synctest.Wait()
		if got := out.Take(); !strings.HasSuffix(got, fmt.Sprintf("number=%d\n", 1000-refusalsTold)) {
			t.Errorf("the others are not counted:\n%s", got)
		}
		refuse(refusalsTold + 1)
		log.Debug("x", "error", errors.New("a connection broke off"))
		finish()
		if got := out.Take(); strings.Count(got, "\n") != refusalsTold+1 || !strings.HasSuffix(got, "number=1\n") {
			t.Errorf("the log has\n%s", got)
		}
	})
}
