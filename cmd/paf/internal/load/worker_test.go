package load

import (
	"bytes"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
)

func TestConnectionsAloneAreMeasured(t *testing.T) {
	url, ca := server(t, true, func(http.ResponseWriter, *http.Request) { t.Error("a request") })
	for _, resume := range []bool{false, true} {
		r := perform(t, Options{URL: url, TLS: TLSOptions{CACert: ca, Resume: resume}, ConnectOnly: true, Connections: 3, Number: 30})
		if r.Answered() != 30 || r.Connect.Count() < 30 || r.Handshake.Count() != r.Connect.Count() || len(r.Statuses) != 0 {
			t.Errorf("%d opened, %d connections, %d handshakes, failed %v", r.Answered(), r.Connect.Count(), r.Handshake.Count(), r.Failures)
		}
		if r.Latency.Min() < r.Handshake.Min() {
			t.Errorf("the fastest took %v, and a handshake alone %v", time.Duration(r.Latency.Min()), time.Duration(r.Handshake.Min()))
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
