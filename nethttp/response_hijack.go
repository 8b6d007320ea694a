package nethttp

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
)

// A response of HTTP/2 is no http.Hijacker.
type response2 struct{ *exchange }

// A response1 is one of HTTP/1.
type response1 struct{ *exchange }

// Hijack takes the connection over; what has been written goes out first.
func (w response1) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if w.hijacked {
		return nil, nil, http.ErrHijacked
	}
	if w.done {
		panic("net/http: Hijack called after ServeHTTP finished")
	}
	if w.wrote && !w.switches() {
		if err := w.FlushError(); err != nil {
			return nil, nil, err
		}
	}
	if err := w.take(); err != nil {
		return nil, nil, err
	}
	w.hijacked = true
	conn, early := w.taken.conn, w.taken.early
	r := bufio.NewReaderSize(io.MultiReader(bytes.NewReader(early), conn), max(bufferSize, len(early)))
	_, _ = r.Peek(len(early)) // so that Buffered tells how much has come already
	return conn, bufio.NewReadWriter(r, bufio.NewWriterSize(conn, bufferSize)), nil
}

// taken is a flow that is no longer paf's, by Hijack or for a 101, with what had been read of it.
type taken struct {
	conn  net.Conn
	early []byte
}

// bufferSize is that of net/http's buffers.
const bufferSize = 4 << 10

// switches reports whether the response is the one after which another protocol begins.
func (w *exchange) switches() bool {
	return w.wrote && w.status == http.StatusSwitchingProtocols && !w.http2()
}

// take takes the flow from paf. The head of 101 (Switching Protocols) is the handler's own, asked for or not, as with net/http.
func (w *exchange) take() error {
	if w.taken != nil {
		return nil
	}
	f, early, err := w.ticket.Hijack()
	if err != nil {
		return err
	}
	w.taken = &taken{netConn(f), early}
	if !w.switches() {
		return nil
	}
	w.begun = true
	var head bytes.Buffer
	fmt.Fprintf(&head, "HTTP/1.1 %d %s\r\n", w.status, reason(int(w.status)))
	for _, l := range w.lines {
		head.WriteString(l.Name + ": " + l.Value + "\r\n")
	}
	if w.told&toldDate == 0 {
		head.WriteString("Date: " + w.ticket.Date() + "\r\n")
	}
	head.WriteString("\r\n")
	_, err = w.taken.conn.Write(head.Bytes())
	return err
}

// closeTaken closes a flow that was taken for a 101 and that the handler has not asked for.
func (w *exchange) closeTaken() {
	if w.taken != nil && !w.hijacked {
		_ = w.taken.conn.Close()
	}
}

var (
	_ http.Hijacker   = response1{}
	_ http.Flusher    = response2{}
	_ io.ReaderFrom   = response2{}
	_ io.StringWriter = response2{}
)
