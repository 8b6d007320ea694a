package conformance

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paf-go/paf/internal/testkit"
)

// A recorder is an upstream that takes down what comes byte for byte, and reads it as RFC 9112 says, without any leniency: what is read
// in another way by somebody would be a request smuggled past somebody else.
type recorder struct {
	ln net.Listener

	mu       sync.Mutex
	requests []string // request lines
	faults   []string
}

func newRecorder(t testing.TB) *recorder {
	ln := testkit.Listen(t)
	r := &recorder{ln: ln}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go r.serve(c)
		}
	}()
	return r
}

func (r *recorder) serve(c net.Conn) {
	defer c.Close()
	in := bufio.NewReader(c)
	for {
		line, err := r.one(in)
		if line == "" && errors.Is(err, io.EOF) {
			return
		}
		r.mu.Lock()
		if err == nil {
			r.requests = append(r.requests, line)
		}
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			r.faults = append(r.faults, fmt.Sprintf("%q: %v", line, err))
		}
		r.mu.Unlock()
		if err != nil {
			return
		}
		if _, err := io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"); err != nil {
			return
		}
		if strings.HasPrefix(line, "HEAD ") {
			return // what was sent is no answer to it
		}
	}
}

var (
	requestLine = regexp.MustCompile(`^[!#$%&'*+\-.^_` + "`" + `|~0-9A-Za-z]+ (/[!-~]*|\*) HTTP/1\.1$`)
	wholeLine   = regexp.MustCompile(`^[!#$%&'*+\-.^_` + "`" + `|~0-9A-Za-z]+:[ \t]*([!-~\x80-\xff]([\t -~\x80-\xff]*[!-~\x80-\xff])?)?[ \t]*$`)
)

// one reads one request and returns its first line; an error other than of the connection is a fault.
func (r *recorder) one(in *bufio.Reader) (string, error) {
	first, err := strictLine(in)
	if err != nil {
		return "", err
	}
	if !requestLine.MatchString(first) {
		return first, errors.New("no request line")
	}
	var hosts, lengths, codings []string
	for {
		line, err := strictLine(in)
		if err != nil {
			return first, err
		}
		if line == "" {
			break
		}
		if !wholeLine.MatchString(line) {
			return first, fmt.Errorf("no field line: %q", line)
		}
		name, value, _ := strings.Cut(line, ":")
		switch value = strings.TrimSpace(value); strings.ToLower(name) {
		case "host":
			hosts = append(hosts, value)
		case "content-length":
			lengths = append(lengths, value)
		case "transfer-encoding":
			codings = append(codings, value)
		case "upgrade":
			if !strings.HasPrefix(first, "GET ") || value != "websocket" {
				return first, fmt.Errorf("an upgrade: %q", line)
			}
		case "http2-settings", "proxy-connection", "keep-alive", "te":
			return first, fmt.Errorf("a field for one connection has come through: %q", line)
		}
	}
	if len(hosts) != 1 || len(lengths)+len(codings) > 1 {
		return first, fmt.Errorf("hosts %q, lengths %q, codings %q", hosts, lengths, codings)
	}
	switch {
	case len(codings) == 1 && codings[0] == "chunked":
		return first, strictChunks(in)
	case len(codings) == 1:
		return first, fmt.Errorf("coding %q", codings)
	case len(lengths) == 1:
		n, err := strconv.ParseUint(lengths[0], 10, 63)
		if err != nil || strconv.FormatUint(n, 10) != lengths[0] {
			return first, fmt.Errorf("length %q", lengths)
		}
		_, err = io.CopyN(io.Discard, in, int64(n))
		return first, err
	}
	return first, nil
}

// strictLine reads a line that ends with CRLF, and has no other CR, LF or NUL.
func strictLine(in *bufio.Reader) (string, error) {
	line, err := in.ReadString('\n')
	if err != nil {
		if line != "" {
			err = io.ErrUnexpectedEOF
		}
		return "", err
	}
	text, whole := strings.CutSuffix(line, "\r\n")
	if !whole || strings.ContainsAny(text, "\r\n\x00") {
		return "", fmt.Errorf("no line: %q", line)
	}
	return text, nil
}

func strictChunks(in *bufio.Reader) error {
	for {
		line, err := strictLine(in)
		if err != nil {
			return err
		}
		n, err := strconv.ParseUint(line, 16, 31)
		if err != nil {
			return fmt.Errorf("no chunk: %q", line)
		}
		if n == 0 {
			break
		}
		if _, err := io.CopyN(io.Discard, in, int64(n)); err != nil {
			return err
		}
		if line, err := strictLine(in); err != nil || line != "" {
			return fmt.Errorf("behind a chunk: %q, %w", line, err)
		}
	}
	for {
		line, err := strictLine(in)
		if err != nil || line == "" {
			return err
		}
		if !wholeLine.MatchString(line) {
			return fmt.Errorf("no trailer: %q", line)
		}
	}
}

// reversal starts paf proxy in front of a recorder.
func reversal(t testing.TB) (addr string, r *recorder) {
	r = newRecorder(t)
	return launch(t, "proxy", "--to", "http://"+r.ln.Addr().String(), "--listen", "127.0.0.1:0", "--quiet").addr, r
}

// joined are the methods of rows in which the end of one step is the beginning of the next one's.
var joined = map[string]string{"SMUG-CL0-BODY-POISON": "XGET"}

// Whatever a client sends, what reaches the upstream has one meaning, and is not more than the client has asked for.
func TestNothingIsSmuggledThroughTheProxy(t *testing.T) {
	rows := readProbes(t, vectors(t, "http11probe.tsv"))
	var all sync.WaitGroup
	limit := make(chan struct{}, 8)
	var total sync.Map
	for _, row := range rows {
		all.Go(func() {
			limit <- struct{}{}
			defer func() { <-limit }()
			t.Run(row.id, func(t *testing.T) {
				addr, r := reversal(t)
				got := send(t, addr, row)
				time.Sleep(50 * time.Millisecond)
				r.mu.Lock()
				defer r.mu.Unlock()
				for _, f := range r.faults {
					t.Error(f)
				}
				if n := len(r.requests); n > len(row.steps) {
					t.Errorf("%q became %q", row.steps, r.requests)
				}
				for i, line := range r.requests { // in the order in which they were asked for
					want, _, _ := strings.Cut(strings.TrimLeft(row.steps[min(i, len(row.steps)-1)], "\r\n"), " ")
					if method, _, _ := strings.Cut(line, " "); method != want && joined[row.id] != method {
						t.Errorf("%q reached the upstream for %q (%s)", line, row.steps, describe(got))
					}
				}
				if len(r.requests) > 0 {
					total.Store(row.id, true)
				}
			})
		})
	}
	all.Wait()
	n := 0
	total.Range(func(any, any) bool { n++; return true })
	t.Logf("of %d rows %d had a request that was passed on", len(rows), n)
	if n < 20 || n > len(rows)/2 {
		t.Errorf("%d rows passed", n)
	}
}
