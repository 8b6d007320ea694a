package demo

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/cmd/paf/internal/reply"
	"github.com/paf-go/paf/semantics"
)

// closing answers as "/" does, and ends the connection, as the application that this one follows does at "/": a client that knows
// no better sees the page end. Who asks for persistence by name gets it.
func (a *Application) closing(w *paf.ResponseWriter, r *paf.Request) {
	if r.Method != semantics.MethodPost && !semantics.HasToken(&r.Header, "Connection", "keep-alive") {
		w.Header().Set("Connection", "close")
	}
	a.root(w, r)
}

// root answers "/": the help page to who reads, the content to who posts.
func (a *Application) root(w *paf.ResponseWriter, r *paf.Request) {
	if !reply.Method(w, r, "GET", "HEAD", "POST", "OPTIONS") {
		return
	}
	if r.Method == semantics.MethodPost {
		whole(w, r)
		return
	}
	if !drain(w, r) {
		return
	}
	sum := sha256.Sum256([]byte(help))
	v := semantics.Validator{ETag: `"` + hex.EncodeToString(sum[:8]) + `"`, Modified: a.started}
	if reply.Current(w, r, v, time.Now()) {
		reply.Text(w, semantics.StatusOK, help)
	}
}

const help = `This is paf's demo application.

  GET  /          this page
  GET  /close     this page, and the end of the connection
  POST /          sends the content back once it is whole
  GET  /random    x-length random bytes in MIME base64; those of x-seed
                  (base64) if there is one, else new ones each time
  GET  /hash      the SHA-256 of what /random sends for x-length (1 GiB at
                  most) and x-seed
  POST /transmit  sends the content back as it arrives
  any  /echo      the request's fields, one a line
  any  /cookie    the request's cookies, one a line
  GET  /websocket a WebSocket that sends back what it is sent

These three print the same digest:

  curl -sH 'x-length: 1000000' -H 'x-seed: Zm9vYmFy' HERE/random | sha256sum
  curl -sH 'x-length: 1000000' -H 'x-seed: Zm9vYmFy' HERE/hash
  curl -sH 'x-length: 1000000' -H 'x-seed: Zm9vYmFy' HERE/random |
    curl -s --data-binary @- HERE/transmit | sha256sum

To serve files instead: paf serve DIR
`
