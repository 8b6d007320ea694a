// Package hook puts paf under net/http's Server and Transport, for net/http's own tests. PAF_SERVER and PAF_CLIENT say where: "paf", "500" (a
// server that answers 500 to everything, or a client that gets nothing else), or "" for net/http itself. Each call that goes through
// paf is a letter in the file PAF_CALLS: S for a server that serves, H for a request that it handles, R for a request that is sent.
package hook

import (
	"net/http"
	"os"
	"sync"
)

func init() {
	if name := os.Getenv("PAF_CALLS"); name != "" {
		f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
		if err != nil {
			panic(err)
		}
		calls.file = f
	}
	if mode := os.Getenv("PAF_SERVER"); mode != "" {
		hookServer(mode == "500")
	}
	if mode := os.Getenv("PAF_CLIENT"); mode != "" {
		hookClient(mode == "500")
	}
}

var calls struct {
	sync.Mutex
	file *os.File
}

// count notes a call.
func count(letter string) {
	calls.Lock()
	defer calls.Unlock()
	if calls.file != nil {
		_, _ = calls.file.WriteString(letter)
	}
}

// refuse answers 500.
func refuse(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }
