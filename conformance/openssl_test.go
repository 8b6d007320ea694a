package conformance

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/alpn"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/internal/testkit"
	"github.com/paf-go/paf/mimic"
)

// An opensslFlow is a flow whose TLS is run by a process of OpenSSL over another flow: content goes through its standard input and
// output, records through a Unix socket. It tells neither its protocol nor its peer by a method: that is what an alpn.Info is for.
type opensslFlow struct {
	in    io.WriteCloser
	out   io.ReadCloser
	below flow.Flow
	near  net.Conn // the socket
	cmd   *exec.Cmd
	once  sync.Once
	errs  strings.Builder
	pumps sync.WaitGroup

	known    chan struct{} // closed when the process has told what was negotiated, or is over
	protocol string
	err      error
}

var opensslInfo = alpn.Info[*opensslFlow]{
	Protocol: func(f *opensslFlow) string { return f.protocol },
	Peer:     func(f *opensslFlow) net.Addr { return flow.PowersOf(f.below).PeerAddr() },
}

// opensslServer runs the server's side of TLS over a flow, opensslClient the client's, which is that of a flow for localhost.
func opensslServer(f flow.Flow, c *certificate, offers []string) (flow.Flow, error) {
	args := []string{"s_server", "-quiet", "-naccept", "1", "-cert", c.pem, "-key", c.key}
	return openssl(f, len(offers) > 0, append(args, alpnArgs(offers)...), func(path string, start func() error) (net.Conn, error) {
		if err := start(); err != nil {
			return nil, err
		}
		for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
			near, err := net.Dial("unix", path)
			if err == nil || time.Now().After(end) {
				return near, err
			}
		}
	})
}

func opensslClient(f flow.Flow, ca string, offers []string) (flow.Flow, error) {
	args := []string{"s_client", "-quiet", "-nocommands", "-servername", "localhost", "-verify_hostname", "localhost", "-verify_return_error", "-CAfile", ca}
	return openssl(f, len(offers) > 0, append(args, alpnArgs(offers)...), func(path string, start func() error) (net.Conn, error) {
		ln, err := net.Listen("unix", path)
		if err != nil {
			return nil, err
		}
		defer ln.Close()
		if err := start(); err != nil {
			return nil, err
		}
		_ = ln.(*net.UnixListener).SetDeadline(time.Now().Add(10 * time.Second))
		return ln.Accept()
	})
}

func alpnArgs(offers []string) []string {
	if len(offers) == 0 {
		return nil
	}
	return []string{"-alpn", strings.Join(offers, ",")}
}

// openssl starts a process that runs TLS at a socket, joins it with a flow, and learns from its trace what is negotiated.
func openssl(below flow.Flow, negotiates bool, args []string, meet func(path string, start func() error) (net.Conn, error)) (flow.Flow, error) {
	dir, err := os.MkdirTemp("", "openssl")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) // once they have met
	path := filepath.Join(dir, "s")
	f := &opensslFlow{below: below, known: make(chan struct{})}
	trace, traced, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	f.cmd = exec.Command("openssl", append(args, "-unix", path, "-trace", "-msgfile", "/dev/fd/3")...)
	f.cmd.ExtraFiles, f.cmd.Stderr = []*os.File{traced}, &f.errs
	if f.in, err = f.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if f.out, err = f.cmd.StdoutPipe(); err != nil {
		return nil, err
	}
	f.near, err = meet(path, f.cmd.Start)
	traced.Close()
	if err != nil {
		return nil, fmt.Errorf("openssl: %w", err)
	}
	f.pumps.Go(func() { f.learn(trace, negotiates); trace.Close() })
	f.pumps.Go(func() { _, _ = io.Copy(f.near, below); _ = f.near.(*net.UnixConn).CloseWrite() })
	f.pumps.Go(func() { _, _ = io.Copy(below, f.near); f.end() })
	return opensslInfo.Flow(f), nil
}

// learn reads the trace, in which the second mention of ALPN, after the client's, is the server's choice. The trace comes in
// blocks; the certificate that follows pushes the choice out.
func (f *opensslFlow) learn(trace io.Reader, negotiates bool) {
	if !negotiates {
		close(f.known)
		_, _ = io.Copy(io.Discard, trace)
		return
	}
	mentions, told := 0, false
	for lines := bufio.NewScanner(trace); lines.Scan(); {
		if strings.Contains(lines.Text(), "application_layer_protocol_negotiation(16)") {
			mentions++
		} else if mentions == 2 && !told {
			f.protocol, told = strings.TrimSpace(lines.Text()), true
			close(f.known)
		}
	}
	if !told {
		f.err = errors.New("openssl ended before the handshake did")
		close(f.known)
	}
}

// HandshakeContext waits until the process has told what was negotiated.
func (f *opensslFlow) HandshakeContext(ctx context.Context) error {
	select {
	case <-f.known:
		return f.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (f *opensslFlow) Read(p []byte) (int, error)  { return f.out.Read(p) }
func (f *opensslFlow) Write(p []byte) (int, error) { return f.in.Write(p) }

// end closes the flow below when the process has no more to send.
func (f *opensslFlow) end() { _ = f.below.Close() }

// Close ends the process. What it has not read yet is lost.
func (f *opensslFlow) Close() error {
	f.once.Do(func() {
		_ = f.cmd.Process.Kill()
		_, _ = f.in.Close(), f.near.Close()
		f.end()
		f.pumps.Wait()
		_ = f.cmd.Wait()
	})
	return nil
}

// opensslListener serves what a listener accepts by processes of OpenSSL.
func opensslListener(ctx context.Context, s *paf.Server, ln net.Listener, c *certificate, offers []string) error {
	context.AfterFunc(ctx, func() { ln.Close() })
	var all sync.WaitGroup
	defer all.Wait()
	for {
		nc, err := ln.Accept()
		if err != nil {
			return nil
		}
		all.Go(func() {
			f, err := opensslServer(nc, c, offers)
			if err != nil {
				nc.Close()
				return
			}
			_ = s.ServeFlow(ctx, f)
		})
	}
}

// opensslProtocol opens flows to an address whose TLS is OpenSSL's.
func opensslProtocol(ca string, offers []string) *mimic.Protocol[mimic.Context, flow.Flow] {
	return mimic.Register("openssl", 10, func(ctx context.Context, over mimic.Context) (flow.Flow, error) {
		f, err := over.Resolve(ctx)
		if err != nil {
			return nil, err
		}
		return opensslClient(f, ca, offers)
	})
}

// TLS of OpenSSL runs in TLS of crypto/tls, and over a flow in memory; nothing is sent to whom it does not trust.
func TestOpenSSLRunsOverAnyFlow(t *testing.T) {
	testkit.Need(t, "openssl")
	cert, stranger := selfSigned(t), selfSigned(t)
	pair, err := tls.LoadX509KeyPair(cert.pem, cert.key)
	if err != nil {
		t.Fatal(err)
	}
	s := &paf.Server{Handler: paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) {
		fmt.Fprintf(w, "%s %s ", r.Protocol, r.Peer())
		_, _ = io.Copy(w, r.Body)
	})}
	outer := &tls.Config{Certificates: []tls.Certificate{pair}}
	offers := []string{"h2", "http/1.1"}
	pipe := mimic.Register("pipe", 0, func(ctx context.Context, _ struct{}) (flow.Flow, error) {
		here, there := flow.Pipe(0)
		go func() {
			// A flow that is TLS already, and in it a handshake that the server runs.
			f, err := flow.TLSServer(context.Background(), there, outer)
			if err == nil {
				f, err = opensslServer(f, cert, offers)
			}
			if err != nil {
				there.Close()
				return
			}
			_ = s.ServeFlow(context.Background(), f)
		}()
		return here, nil
	})
	over := mimic.Add(mimic.Context{}, paf.TLS, paf.TLSEndpoint{Over: mimic.Add(mimic.Context{}, pipe, struct{}{}), Host: "localhost", Config: &tls.Config{RootCAs: cert.roots}})
	content := strings.Repeat("OpenSSL ", 1<<17)
	c := &paf.Client{Context: mimic.Add(mimic.Context{}, opensslProtocol(cert.pem, offers), over)}
	for range 2 {
		r, err := paf.NewRequest("POST", "https://localhost/", strings.NewReader(content))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := c.Do(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil || string(body) != "HTTP/2.0 pipe-a "+content {
			t.Errorf("%.40q of %d bytes, %v", body, len(body), err)
		}
		if _, ok := flow.As[*opensslFlow](resp.Flow()); !ok {
			t.Errorf("the flow is %T", resp.Flow())
		}
	}
	if n := c.Stats().Opened; n != 1 {
		t.Errorf("%d connections", n)
	}
	c.Close()

	wary := &paf.Client{Context: mimic.Add(mimic.Context{}, opensslProtocol(stranger.pem, offers), over)}
	exchanges := s.Stats().Exchanges
	if resp, err := wary.Get(t.Context(), "https://localhost/"); err == nil || s.Stats().Exchanges != exchanges {
		t.Errorf("a certificate that nobody vouches for: %v, %v", resp, err)
	}
	wary.Close()
	_ = s.Shutdown(t.Context())
}
