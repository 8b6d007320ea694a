package fetch

import (
	"errors"
	"io"
	"net"
	"testing"

	"github.com/paf-go/paf/cmd/paf/internal/exit"
	"github.com/paf-go/paf/internal/testkit"
)

// What has failed is said in one sentence, and with what may be done about it.
func TestFailuresAreSaidInWordsOfTheCommand(t *testing.T) {
	secure, _ := secured(t)
	closed := testkit.Listen(t)
	closed.Close()
	plain, err := net.Listen("tcp", "127.0.0.1:0") // closes what comes
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	go func() {
		for {
			c, err := plain.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(c, "HTTP/1.0 400 Bad Request\r\n\r\n")
			c.Close()
		}
	}()
	for url, want := range map[string]string{
		secure:                              "the server's certificate is not to be trusted: x509: certificate signed by unknown authority; --cacert FILE trusts an authority, -k takes any certificate",
		"http://" + closed.Addr().String():  "cannot connect to " + closed.Addr().String() + ": connection refused; is the server running?",
		"https://" + closed.Addr().String(): "cannot connect to " + closed.Addr().String() + ": connection refused; is the server running?",
		"https://" + plain.Addr().String():  "the TLS handshake failed: the server seems to speak without TLS, as for http:// URLs",
		"http+unix://%2Fnone%2Fof%2Fthese":  "cannot connect to /none/of/these: no such file or directory",
		"/path":                             `paf: URL "/path": it has no host`,
		"http://a:b@/":                      `paf: URL "http://a:xxxxx@/": it has no host`,
	} {
		for _, trace := range []bool{false, true} {
			_, _, err := run(t, Options{URL: url, Trace: trace})
			var e *exit.Error
			if !errors.As(err, &e) || err.Error() != want {
				t.Errorf("%s:\ngot  %v\nwant %s", url, err, want)
			}
		}
	}
}
