package demo

import (
	"strings"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/cmd/paf/internal/pathname"
	"github.com/paf-go/paf/cmd/paf/internal/reply"
	"github.com/paf-go/paf/semantics"
)

// An Application answers the endpoints. It is safe for concurrent use.
type Application struct {
	started time.Time
	hashes  *cache
	socket  paf.Handler
}

// New returns an application of its own, with nothing in its cache.
func New() *Application {
	return &Application{started: time.Now().Truncate(time.Second), hashes: newCache(maxHashes), socket: newSocket()}
}

// Serve answers one request.
func (a *Application) Serve(w *paf.ResponseWriter, r *paf.Request) {
	switch {
	case r.Form == semantics.AuthorityForm:
		reply.Status(w, semantics.StatusNotImplemented) // CONNECT
	case r.Form == semantics.AsteriskForm:
		if reply.Method(w, r, "GET", "HEAD", "POST", "OPTIONS") {
			reply.Status(w, semantics.StatusBadRequest) // only OPTIONS may ask for "*"
		}
	default:
		a.route(w, r)
	}
}

func (a *Application) route(w *paf.ResponseWriter, r *paf.Request) {
	path := r.Path
	if path == "" {
		path = "/" // "http://host" (RFC 9110, Section 4.2.3)
	}
	names, dir, ok := pathname.Segments(path)
	if !ok {
		reply.Status(w, semantics.StatusBadRequest)
		return
	}
	name := strings.Join(names, "/")
	switch {
	case len(names) == 0:
		a.root(w, r)
	case dir:
		reply.Status(w, semantics.StatusNotFound)
	case name == "close":
		a.closing(w, r)
	case name == "random":
		random(w, r)
	case name == "hash":
		a.hash(w, r)
	case name == "transmit":
		transmit(w, r)
	case name == "echo":
		echo(w, r)
	case name == "cookie":
		cookie(w, r)
	case name == "websocket":
		a.socket.Serve(w, r)
	default:
		reply.Status(w, semantics.StatusNotFound)
	}
}
