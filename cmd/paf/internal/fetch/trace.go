package fetch

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/alpn"
	"github.com/paf-go/paf/cmd/paf/internal/terminal"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/mimic"
)

// traced returns a context like c whose flows show the heads that go over them: in clear, so TLS is run here.
func traced(c mimic.Context, out io.Writer, second *trace2) mimic.Context {
	way := mimic.Register("traced", -1, func(ctx context.Context, rawURL string) (flow.Flow, error) {
		to, err := paf.WithURL(c, rawURL)
		if err != nil {
			return nil, err
		}
		f, err := to.Resolve(ctx)
		if err != nil {
			return nil, err
		}
		tellSession(f, out)
		if second.known || flow.PowersOf(f).NegotiatedProtocol() == alpn.H2 {
			second.spoken = true
			return f, nil
		}
		return tap(f, out), nil
	})
	return mimic.Fold4(mimic.Context{}, way,
		mimic.Req[string](paf.Scheme), mimic.Default[string](paf.Host, "localhost"), mimic.Default[string](paf.Port, ""), mimic.Opt[string](paf.Unix),
		func(_ context.Context, scheme, host, port string, socket *string) (string, error) {
			if socket != nil {
				return scheme + "+unix://" + strings.ReplaceAll(url.PathEscape(*socket), "@", "%40"), nil
			}
			return scheme + "://" + net.JoinHostPort(host, port), nil
		})
}

// tellSession says what the handshake has agreed on.
func tellSession(f flow.Flow, to io.Writer) {
	c, ok := flow.As[*tls.Conn](f)
	if !ok {
		return
	}
	s := c.ConnectionState()
	protocol := s.NegotiatedProtocol
	if protocol == "" {
		protocol = "none"
	}
	fmt.Fprintf(to, "* %s, %s, ALPN: %s\n", tls.VersionName(s.Version), tls.CipherSuiteName(s.CipherSuite), protocol)
}

// A trace2 shows the heads of HTTP/2, on whose wire they are not to be read, as HTTP/1 would write them, but
// for the names, which are in lower case there.
type trace2 struct {
	tapped
	known  bool // that HTTP/2 is spoken, without a handshake
	spoken bool
	asked  *paf.Request // whose head has been shown
}

// request shows the head of a request, once.
func (t *trace2) request(r *paf.Request) {
	if !t.spoken || t.asked == r {
		return
	}
	t.asked = r
	host := r.Authority
	if strings.HasSuffix(r.Scheme, "+unix") {
		host = "localhost" // what a server at a socket is told
	}
	if own, given := r.Header.Lookup("Host"); given {
		host = own
	}
	fields := r.Header.Clone()
	fields.Del("Host")
	t.print("> ", fmt.Appendf(nil, "%s %s HTTP/2\r\nhost: %s\r\n%s", r.Method, pathOf(r), host, linesOf(&fields)))
}

// interim shows an interim response to a request.
func (t *trace2) interim(r *paf.Request, status int, fields *paf.Fields) {
	if t.request(r); t.spoken {
		t.print("< ", fmt.Appendf(nil, "HTTP/2 %d\r\n%s", status, linesOf(fields)))
	}
}

// response shows the head of the final response, after that of its request.
func (t *trace2) response(r *paf.Response) {
	if t.request(r.Request); t.spoken {
		t.print("< ", headOf(r))
	}
}

// trailer shows the fields that have come after the content, of every version.
func (t *trace2) trailer(r *paf.Response) {
	if r.Trailer != nil {
		t.print("< ", []byte(linesOf(r.Trailer)))
	}
}

func pathOf(r *paf.Request) string {
	if r.Query == "" {
		return r.Path
	}
	return r.Path + "?" + r.Query
}

func linesOf(fields *paf.Fields) string {
	var b []byte
	for name, value := range fields.All() {
		b = fmt.Appendf(b, "%s: %s\r\n", strings.ToLower(name), value)
	}
	return string(b) + "\r\n"
}

// tap returns f with everything passing through Read and Write, where the heads
// are picked out.
func tap(f flow.Flow, to io.Writer) flow.Flow {
	t := &tapped{Flow: f, to: to}
	p := flow.PowersOf(f)
	p.VecWriter, p.ReaderFrom, p.Pollable = nil, nil, nil
	return flow.WithPowers(t, p)
}

// A tapped flow watches a connection of HTTP/1, on which requests and responses
// take turns: what is written after a response has begun is the next request.
type tapped struct {
	flow.Flow
	to io.Writer

	mu    sync.Mutex
	state turn
	head  []byte // as far as it has come
}

// A turn says what a tapped flow waits for.
type turn int

const (
	requestHead  turn = iota
	responseHead      // meanwhile content of the request passes
	content           // of the response
)

// maxHead bounds what is kept of a head.
const maxHead = 256 << 10

func (t *tapped) Write(p []byte) (int, error) {
	t.look(p) // before it is written: a goroutine that reads may have the response before Write returns
	return t.Flow.Write(p)
}

// look looks for the head of a request in what is about to be written.
func (t *tapped) look(p []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.state == content {
		t.state = requestHead
	}
	if t.state == requestHead {
		if head, _ := t.collect(p); head != nil {
			t.print("> ", head)
			t.state = responseHead
		}
	}
}

func (t *tapped) Read(p []byte) (int, error) {
	n, err := t.Flow.Read(p)
	t.mu.Lock()
	defer t.mu.Unlock()
	for rest := p[:n]; t.state == responseHead && len(rest) > 0; {
		var head []byte
		if head, rest = t.collect(rest); head == nil {
			break
		}
		t.print("< ", head)
		if !bytes.HasPrefix(head, []byte("HTTP/1.1 1")) { // else an interim one
			t.state = content
		}
	}
	return n, err
}

// collect adds p to what has come of a head. When that is whole it returns it,
// and what follows it in p.
func (t *tapped) collect(p []byte) (head, rest []byte) {
	before := len(t.head)
	if before+len(p) > maxHead {
		p = p[:max(0, maxHead-before)]
	}
	t.head = append(t.head, p...)
	end := bytes.Index(t.head, []byte("\r\n\r\n"))
	if end < 0 {
		return nil, nil
	}
	end += 4
	head, t.head = t.head[:end], nil
	return head, p[end-before:]
}

// print writes the lines of a head.
func (t *tapped) print(mark string, head []byte) { t.to.Write(shown(mark, head)) }

// shown returns the lines of a head as a terminal may have them.
func shown(mark string, head []byte) []byte {
	var b []byte
	for line := range bytes.Lines(head) {
		b = append(b, mark+terminal.Visible(string(bytes.TrimRight(line, "\r\n")))+"\n"...)
	}
	return b
}
