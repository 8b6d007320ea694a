package demo

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/paf-go/paf/cmd/paf/internal/kit"
)

func TestAWebSocketSendsBackWhatItIsSent(t *testing.T) {
	addr := kit.Serve(t, New())
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s, _, err := websocket.Dial(ctx, "ws://"+addr+"/websocket", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.CloseNow()
	s.SetReadLimit(mostMessage)
	for _, sent := range []string{"", "hello", string(bytes.Repeat([]byte("x"), mostMessage))} {
		for _, kind := range []websocket.MessageType{websocket.MessageText, websocket.MessageBinary} {
			if err := s.Write(ctx, kind, []byte(sent)); err != nil {
				t.Fatal(err)
			}
			if got, p, err := s.Read(ctx); err != nil || got != kind || string(p) != sent {
				t.Errorf("%v of %d bytes: %v of %d, %v", kind, len(sent), got, len(p), err)
			}
		}
	}
	if err := s.Write(ctx, websocket.MessageText, bytes.Repeat([]byte("x"), mostMessage+1)); err != nil {
		t.Error(err)
	}
	if _, _, err := s.Read(ctx); websocket.CloseStatus(err) != websocket.StatusMessageTooBig {
		t.Errorf("a message that is too long: %v", err)
	}
	for request, want := range map[string]int{
		"GET /websocket HTTP/1.1\n\n": 426,
		"GET /websocket HTTP/1.1\nConnection: Upgrade\nUpgrade: websocket\nSec-WebSocket-Version: 13\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\nOrigin: https://other.example\n\n": 403,
	} {
		if r := kit.Do(t, addr, request); r.StatusCode != want {
			t.Errorf("%q: %d", request, r.StatusCode)
		}
	}
}
