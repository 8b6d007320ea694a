package load

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"

	"github.com/coder/websocket"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/nethttp"
)

// defaultMessage is what is sent over a WebSocket where no content was given.
const defaultMessage = "hello, websocket"

// An echoing task sends a message over a WebSocket and waits until it comes back.
type echoing struct {
	run     *run
	socket  *websocket.Conn
	message []byte
	back    bytes.Buffer
}

func newEchoing(r *run) *echoing {
	message := r.message
	if message == nil {
		message = []byte(defaultMessage)
	}
	return &echoing{run: r, message: message}
}

// open opens a WebSocket, on a connection that the run's dialer opens.
func (e *echoing) open(ctx context.Context) error {
	e.close()
	var failed error
	head := &e.run.requests[0].head
	transport := &nethttp.Transport{DisableKeepAlives: true, DialContext: func(context.Context, string, string) (net.Conn, error) {
		d, err := e.run.dialer.open(ctx, e.run.clock)
		if err != nil {
			failed = err
			return nil, err
		}
		e.run.connected(&d)
		return flow.NetConn(d.flow), nil
	}}
	fields := http.Header{}
	for _, f := range head.Fields.List() {
		fields.Add(f.Name, f.Value)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, e.run.options.Timeout, errTimeout)
	defer cancel()
	socket, response, err := websocket.Dial(ctx, "ws://"+head.Target.Authority+head.Target.String(), &websocket.DialOptions{
		HTTPClient: &http.Client{Transport: transport}, HTTPHeader: fields, CompressionMode: websocket.CompressionDisabled,
	})
	switch {
	case failed != nil:
		return failed
	case err != nil && ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil && response != nil && response.StatusCode != http.StatusSwitchingProtocols:
		return &failure{Status, fmt.Errorf("the server answered %d and opens no WebSocket", response.StatusCode)}
	case err != nil:
		return &failure{Protocol, fmt.Errorf("no WebSocket was opened: %s", strings.TrimPrefix(err.Error(), "failed to WebSocket dial: "))}
	}
	socket.SetReadLimit(int64(len(e.message)))
	e.socket = socket
	return nil
}

func (e *echoing) close() {
	if e.socket != nil {
		_ = e.socket.CloseNow()
		e.socket = nil
	}
}

func (e *echoing) settle(context.Context) {}

func (e *echoing) do(ctx context.Context) (sent, first, in, out int64, err error) {
	sent = e.run.clock()
	if err := e.socket.Write(ctx, websocket.MessageText, e.message); err != nil {
		return sent, 0, 0, 0, ofSocket(err)
	}
	_, reader, err := e.socket.Reader(ctx)
	if err != nil {
		return sent, 0, 0, 0, ofSocket(err)
	}
	first = e.run.clock()
	e.back.Reset()
	_, err = e.back.ReadFrom(reader)
	if err != nil && !errors.Is(err, websocket.ErrMessageTooBig) {
		return sent, 0, 0, 0, ofSocket(err)
	}
	if err != nil || !bytes.Equal(e.back.Bytes(), e.message) {
		return sent, 0, 0, 0, &failure{Protocol, errors.New("another message came back than was sent")}
	}
	return sent, first, int64(len(e.message)), int64(len(e.message)), nil
}

// ofSocket says what has become of a WebSocket in words of our own, if the server has closed it or is gone.
func ofSocket(err error) error {
	var closed websocket.CloseError
	switch {
	case errors.As(err, &closed) && closed.Reason != "":
		return &failure{Broken, fmt.Errorf("the server has closed the WebSocket, with %s: %s", closing(closed.Code), closed.Reason)}
	case errors.As(err, &closed):
		return &failure{Broken, fmt.Errorf("the server has closed the WebSocket, with %s", closing(closed.Code))}
	case errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return errCut
	}
	return err
}

// closing names a status of a close frame: "1001 (GoingAway)".
func closing(code websocket.StatusCode) string {
	number, name := strconv.Itoa(int(code)), code.String()
	if strings.Contains(name, number) { // which the library has no name for
		return number
	}
	return number + " (" + strings.TrimPrefix(name, "Status") + ")"
}

// Socket reports whether a URL is one of a WebSocket.
func Socket(url string) bool { return httpScheme(url) != url }

// httpScheme returns a URL of ws or wss as one of http or https.
func httpScheme(url string) string {
	if scheme, rest, ok := strings.Cut(url, "://"); ok {
		switch strings.ToLower(scheme) {
		case "ws":
			return "http://" + rest
		case "wss":
			return "https://" + rest
		}
	}
	return url
}
