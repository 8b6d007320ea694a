package load

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/coder/websocket"
	"github.com/paf-go/paf/internal/testkit"
)

// TestFailuresToConnectAreSaidInWordsOfTheCommand, as paf get says them.
func TestFailuresToConnectAreSaidInWordsOfTheCommand(t *testing.T) {
	closed := testkit.Listen(t)
	closed.Close()
	plain, _ := server(t, false, func(http.ResponseWriter, *http.Request) {})
	secure, _ := server(t, true, func(http.ResponseWriter, *http.Request) {})
	for _, c := range []struct{ url, kind, want string }{
		{"http://" + closed.Addr().String(), Connect, "cannot connect to " + closed.Addr().String() + ": connection refused; is the server running?"},
		{"http+unix://%2Fnone%2Fof%2Fthese", Connect, "cannot connect to /none/of/these: no such file or directory"},
		{strings.Replace(plain, "http", "https", 1), TLS, "the TLS handshake failed: the server seems to speak without TLS, as for http:// URLs"},
		{secure, TLS, "the server's certificate is not to be trusted: x509: certificate signed by unknown authority; --cacert FILE trusts an authority, -k takes any certificate"},
	} {
		_, err := soon(t, t.Context(), Options{URL: c.url, Number: 1})
		if KindOf(err) != c.kind || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: %s\ngot  %v\nwant %s", c.url, KindOf(err), err, c.want)
		}
	}
}

// TestAWebSocketThatTheServerClosesIsSaidToBe, in words of our own.
func TestAWebSocketThatTheServerClosesIsSaidToBe(t *testing.T) {
	for _, c := range []struct {
		end  func(*websocket.Conn)
		want string
	}{
		{func(s *websocket.Conn) { s.Close(websocket.StatusGoingAway, "") }, "the server has closed the WebSocket, with 1001 (GoingAway)"},
		{func(s *websocket.Conn) { s.Close(4000, "enough") }, "the server has closed the WebSocket, with 4000: enough"},
		{func(s *websocket.Conn) { s.CloseNow() }, "the connection of the WebSocket has ended, and nothing was said before"},
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s, err := websocket.Accept(w, r, nil)
			if err != nil {
				return
			}
			defer s.CloseNow()
			_, _, _ = s.Read(context.Background())
			c.end(s)
		}))
		r, err := soon(t, t.Context(), Options{URL: s.URL, WebSocket: true, Number: 3})
		s.Close()
		if err != nil || kinds(r)[Broken] != 3 || r.Failures[Broken].Example != c.want {
			t.Errorf("%v: %v, want %s", err, r.Failures[Broken], c.want)
		}
	}
}
