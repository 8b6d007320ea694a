package load

import (
	"bytes"
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/paf-go/paf"
)

func TestConnectionsAloneAreMeasured(t *testing.T) {
	url, ca := server(t, true, func(http.ResponseWriter, *http.Request) { t.Error("a request") })
	for _, resume := range []bool{false, true} {
		r := perform(t, Options{URL: url, TLS: TLSOptions{CACert: ca, Resume: resume}, ConnectOnly: true, Connections: 3, Number: 30})
		if r.Answered() != 30 || r.Connect.Count() != 30 || r.Handshake.Count() != r.Connect.Count() || len(r.Statuses) != 0 {
			t.Errorf("%d opened, %d connections, %d handshakes, failed %v", r.Answered(), r.Connect.Count(), r.Handshake.Count(), r.Failures)
		}
		if resume && r.Resumed != 30 || !resume && r.Resumed != 0 {
			t.Errorf("%d of %d handshakes were resumed", r.Resumed, r.Handshake.Count())
		}
		if r.Settings.Protocol != "HTTP/2" {
			t.Errorf("%q was agreed on", r.Settings.Protocol)
		}
		if r.Latency.Min() < r.Handshake.Min() {
			t.Errorf("the fastest took %v, and a handshake alone %v", time.Duration(r.Latency.Min()), time.Duration(r.Handshake.Min()))
		}
	}
}

// TestATicketIsNotWaitedForInVain more than once, nor is the time a latency.
func TestATicketIsNotWaitedForInVain(t *testing.T) {
	s := httptest.NewUnstartedServer(nil)
	s.TLS = &tls.Config{SessionTicketsDisabled: true}
	s.StartTLS()
	defer s.Close()
	o := Options{URL: s.URL, TLS: TLSOptions{Insecure: true, Resume: true}, ConnectOnly: true, Connections: 2, Number: 10}
	r := perform(t, o)
	if r.Answered() != 10 || r.Resumed != 0 || r.Length > 4*ticketTime {
		t.Errorf("%d opened in %v, %d resumed, failed %v", r.Answered(), r.Length, r.Resumed, r.Failures)
	}
	if typical := time.Duration(r.Latency.At(50)); typical > ticketTime/2 {
		t.Errorf("half of them took %v", typical)
	}
}

// TestRequestsResumeSessions where each has a connection of its own.
func TestRequestsResumeSessions(t *testing.T) {
	url, ca := server(t, true, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Connection", "close") })
	for _, resume := range []bool{false, true} {
		r := perform(t, Options{URL: url, TLS: TLSOptions{CACert: ca, Resume: resume}, Protocol: paf.HTTP11, Connections: 2, Number: 20})
		if most := r.Handshake.Count() - 2; r.Answered() != 20 || resume && r.Resumed < most || !resume && r.Resumed != 0 {
			t.Errorf("%d answered, %d of %d handshakes were resumed", r.Answered(), r.Resumed, r.Handshake.Count())
		}
	}
}

func TestMessagesOfAWebSocketAreMeasured(t *testing.T) {
	var messages atomic.Int64
	echo := func(w http.ResponseWriter, r *http.Request) {
		s, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer s.CloseNow()
		for {
			kind, p, err := s.Read(r.Context())
			if err != nil {
				return
			}
			switch messages.Add(1) {
			case 50:
				p = []byte("something else")
			case 60:
				p = bytes.Repeat(p, 1<<16)
			}
			_ = s.Write(r.Context(), kind, p)
		}
	}
	for _, secure := range []bool{false, true} {
		messages.Store(0)
		url, ca := server(t, secure, echo)
		r := perform(t, Options{URL: strings.Replace(url, "http", "ws", 1), TLS: TLSOptions{CACert: ca}, WebSocket: true, Connections: 4, Number: 200})
		if r.Answered() != 198 || kinds(r)[Protocol] != 2 || messages.Load() != 200 {
			t.Errorf("%d came back, failed %v", r.Answered(), r.Failures)
		}
	}
	plain, _ := server(t, false, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) })
	if _, err := Run(t.Context(), Options{URL: plain, WebSocket: true, Number: 1}); KindOf(err) != Status {
		t.Errorf("a server without WebSockets: %v", err)
	}
}
