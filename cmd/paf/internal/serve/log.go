package serve

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/semantics"
)

// An accessLog writes one line a request:
//
//	GET /hash 200 64 1.204ms 127.0.0.1:51514
//
// the method, the target, the status, the bytes of content, the time it took and
// the peer; "-" stands for what is not known.
type accessLog struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *accessLog) printf(format string, args ...any) {
	line := fmt.Appendf(nil, format, args...)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.w.Write(line)
}

// around returns a handler that writes a line for every request of h.
func (l *accessLog) around(h paf.Handler) paf.Handler {
	return paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) {
		begun := time.Now()
		status := semantics.StatusInternalServerError // if it panics before it answers
		defer func() {
			if w.Written() > 0 {
				status = w.Status()
			}
			l.line(w, r, status, time.Since(begun).Round(time.Microsecond).String())
		}()
		h.Serve(w, r)
		status = w.Status()
	})
}

// aroundErrors does the same for what never reaches a handler.
func (l *accessLog) aroundErrors(h paf.ErrorHandler) paf.ErrorHandler {
	return func(w *paf.ResponseWriter, r *paf.Request, err error) {
		h(w, r, err)
		var panicked *paf.PanicError
		if !errors.As(err, &panicked) { // that one has its line
			l.line(w, r, w.Status(), "-")
		}
	}
}

func (l *accessLog) line(w *paf.ResponseWriter, r *paf.Request, status int, took string) {
	if r == nil {
		l.printf("- - %d %d %s -\n", status, w.Written(), took)
		return
	}
	written := w.Written()
	if r.Method == semantics.MethodHead {
		written = 0 // counted, not sent
	}
	l.printf("%s %s %d %d %s %s\n", r.Method, printable(target(r)), status, written, took, printable(Peer(r.Peer())))
}

func target(r *paf.Request) string {
	if r.Raw != "" {
		return r.Raw
	}
	return r.URL()
}

// printable returns s with what is not visible ASCII escaped, so that a line stays a
// line of as many words.
func printable(s string) string {
	for i := 0; i < len(s); i++ {
		if s[i] <= ' ' || s[i] >= 0x7f {
			return strconv.QuoteToASCII(s)
		}
	}
	return s
}

// Peer returns an address as logs have it: "-" if it is not known.
func Peer(addr net.Addr) string {
	if addr == nil || addr.String() == "" || addr.String() == "@" {
		return "-"
	}
	return addr.String()
}
