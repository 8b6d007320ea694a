package serve

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/paf-go/paf/cmd/paf/internal/exit"
	"github.com/paf-go/paf/cmd/paf/internal/kit"
	"github.com/paf-go/paf/internal/testkit"
	"github.com/paf-go/paf/proxyproto"
	"github.com/paf-go/paf/vsock"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A running server and what it has printed.
type running struct {
	stop func()
	done chan error

	out testkit.Record
	log testkit.Record
}

// start runs o and waits until it has printed n lines.
func start(t *testing.T, o Options, n int) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{stop: cancel, done: make(chan error, 1)}
	o.Out, o.Log = &r.out, r.log.Logger()
	if o.Grace == 0 {
		o.Grace = 5 * time.Second
	}
	go func() { r.done <- Run(ctx, o) }()
	t.Cleanup(func() {
		cancel()
		select {
		case <-r.done:
		default:
			<-r.done
		}
	})
	r.await(t, n)
	return r
}

// await waits until n lines have been printed.
func (r *running) await(t *testing.T, n int) {
	t.Helper()
	for until := time.Now().Add(10 * time.Second); strings.Count(r.out.String(), "\n") < n; {
		select {
		case err := <-r.done:
			r.done <- err
			t.Fatalf("Run: %v\n%s", err, r.out.String())
		case <-time.After(time.Millisecond):
		}
		if time.Now().After(until) {
			t.Fatalf("%d lines were awaited:\n%s", n, r.out.String())
		}
	}
}

// ended waits for the end of Run.
func (r *running) ended(t *testing.T) error {
	t.Helper()
	select {
	case err := <-r.done:
		r.done <- err
		return err
	case <-time.After(20 * time.Second):
		t.Fatal("it goes on")
		return nil
	}
}

var address = regexp.MustCompile(`https?://([^/]+)/`)

func (r *running) addr(t *testing.T) string {
	t.Helper()
	m := address.FindStringSubmatch(r.out.String())
	if m == nil {
		t.Fatalf("no URL in %q", r.out.String())
	}
	return m[1]
}

func TestRunSaysWhereAndToWhom(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.sock")
	r := start(t, Options{Listen: []string{"127.0.0.1:0", "unix:" + path}}, 2)
	addr := r.addr(t)
	if want := fmt.Sprintf("Serving the demo application at http://%s/\nServing the demo application at unix:%s\n", addr, path); r.out.String() != want {
		t.Errorf("%q, want %q", r.out.String(), want)
	}
	for _, request := range []string{
		"GET /echo?a=b HTTP/1.1\n\n", "HEAD /echo HTTP/1.1\n\n", "GET /none HTTP/1.1\n\n", "GET / HTTP/9.9\n\n",
	} {
		kit.Do(t, addr, request)
	}
	r.await(t, 6)
	lines := strings.Split(r.out.String(), "\n")[2:6]
	for i, want := range []string{
		`^GET /echo\?a=b 200 11 [0-9.µnms]+ 127\.0\.0\.1:\d+$`, `^HEAD /echo 200 0 [0-9.µnms]+ 127\.0\.0\.1:\d+$`,
		`^GET /none 404 11 [0-9.µnms]+ 127\.0\.0\.1:\d+$`, `^(- -|GET /) (400|505) \d+ - `,
	} {
		if !regexp.MustCompile(want).MatchString(lines[i]) {
			t.Errorf("line %d: %q, want %s", i, lines[i], want)
		}
	}
	r.stop()
	if err := r.ended(t); err != nil {
		t.Errorf("Run: %v", err)
	}
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket's file is still there: %v", err)
	}
}

func TestQuietPrintsOnlyTheURL(t *testing.T) {
	r := start(t, Options{Listen: []string{"127.0.0.1:0"}, Quiet: true}, 1)
	kit.Do(t, r.addr(t), "GET / HTTP/1.1\n\n")
	kit.Do(t, r.addr(t), "GET / HTTP/9.9\n\n")
	r.stop()
	if err := r.ended(t); err != nil || strings.Count(r.out.String(), "\n") != 1 {
		t.Errorf("%v\n%s", err, r.out.String())
	}
}

func TestStopLetsATransferFinish(t *testing.T) {
	r := start(t, Options{Listen: []string{"127.0.0.1:0"}, Grace: time.Minute}, 1)
	addr := r.addr(t)
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(time.Minute))
	if err := conn.(*net.TCPConn).SetReadBuffer(64 << 10); err != nil {
		t.Fatal(err)
	}
	const length = 10 << 20 // more than the buffers of both sides
	fmt.Fprintf(conn, "GET /random HTTP/1.1\r\nHost: test\r\nx-length: %d\r\n\r\n", length)
	if _, err := io.ReadFull(conn, make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	r.stop()
	r.await(t, 2) // "Stopping"
	if c, err := net.Dial("tcp", addr); err == nil {
		c.Close()
		t.Error("it still accepts connections")
	}
	rest, err := io.ReadAll(conn)
	if err != nil || !bytes.HasSuffix(rest, []byte("\r\n0\r\n\r\n")) || len(rest) < length*4/3 {
		t.Errorf("%d bytes, then %v", len(rest), err)
	}
	conn.Close() // else the server waits for it
	if err := r.ended(t); err != nil {
		t.Errorf("Run: %v", err)
	}
}

func TestGraceBoundsTheStop(t *testing.T) {
	r := start(t, Options{Listen: []string{"127.0.0.1:0"}, Grace: 50 * time.Millisecond}, 1)
	conn, err := net.Dial("tcp", r.addr(t))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET /random HTTP/1.1\r\nHost: test\r\nx-length: 9223372036854775807\r\n\r\n")
	if _, err := io.ReadFull(conn, make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	r.stop()
	if err := r.ended(t); err != nil {
		t.Errorf("Run: %v", err)
	}
}

func TestStaleSocketIsReplacedAndNothingElse(t *testing.T) {
	dir := t.TempDir()
	stale := filepath.Join(dir, "stale")
	ln, err := net.ListenUnix("unix", &net.UnixAddr{Name: stale, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	ln.SetUnlinkOnClose(false)
	ln.Close()
	live := filepath.Join(dir, "live")
	there, err := net.Listen("unix", live)
	if err != nil {
		t.Fatal(err)
	}
	defer there.Close()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("precious"), 0o644); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(stale+"2", link); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		stale: "", live: "somebody answers there already", file: "is not a socket", link: "is not a socket",
		filepath.Join(dir, "none", "x"): "no such file", "": "the path is missing",
	} {
		ln, err := new(network).listen(t.Context(), "unix:"+path)
		switch {
		case want == "" && err != nil:
			t.Errorf("%s: %v", path, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: %v, want %q", path, err, want)
		}
		if err == nil {
			ln.Close()
		}
	}
	if b, err := os.ReadFile(file); err != nil || string(b) != "precious" {
		t.Errorf("the file has become %q: %v", b, err)
	}
	if c, err := net.Dial("unix", live); err != nil {
		t.Errorf("the live socket has gone: %v", err)
	} else {
		c.Close()
	}
}

func TestWrongAddressesSayWhatIsRight(t *testing.T) {
	for addr, want := range map[string]string{
		"8080": `did you mean "127.0.0.1:8080"?`, "localhost": "host:port", "http://x:1/": "not a URL",
		"/run/x.sock": `did you mean "unix:/run/x.sock"?`, "localhost:": `did you mean "localhost:8080"?`, "": "host:port",
		"vsock:": "vsock:PORT", "vsock:host:80": "vsock:CID:PORT", "unix:@": "the path is missing",
		"@app": `did you mean "unix:@app"?`, "unix:/" + strings.Repeat("x", 107): "the path has 108 bytes, and that of a Unix socket no more than 10",
	} {
		_, err := new(network).listen(t.Context(), addr)
		if err == nil || !strings.Contains(err.Error(), want) || exit.CodeOf(err) != exit.Usage {
			t.Errorf("%q: %v (%d), want %q", addr, err, exit.CodeOf(err), want)
		}
	}
}

// Who may name sockets of systemd is told so.
func TestTheListOfAddressesIsWhole(t *testing.T) {
	err := Run(t.Context(), Options{Listen: []string{"localhost"}, Out: io.Discard})
	if err == nil || !strings.HasSuffix(err.Error(), "vsock:PORT or systemd") {
		t.Error(err)
	}
}

func TestOneBadAddressListensOnNone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	if _, err := (&Options{Listen: []string{"unix:" + path, "8080"}}).sources(t.Context(), &network{}); err == nil {
		t.Fatal("no error")
	}
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		t.Error("the first listener is left")
	}
}

func TestURLsCanBeFollowed(t *testing.T) {
	for _, c := range []struct {
		addr net.Addr
		want string
	}{
		{&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80}, "http://127.0.0.1:80/"},
		{&net.TCPAddr{IP: net.IPv4zero, Port: 8080}, "http://localhost:8080/"},
		{&net.TCPAddr{IP: net.IPv6unspecified, Port: 8080}, "http://localhost:8080/"},
		{&net.TCPAddr{IP: net.IPv6loopback, Port: 8080}, "http://[::1]:8080/"},
		{&net.UnixAddr{Name: "/run/s", Net: "unix"}, "unix:/run/s"},
		{&net.UnixAddr{Name: "@s", Net: "unix"}, "unix:@s"},
		{vsock.Addr{CID: vsock.Any, Port: 1024}, "vsock:1024"},
		{vsock.Addr{CID: 3, Port: 80}, "vsock:3:80"},
	} {
		if got := URL("http", c.addr); got != c.want {
			t.Errorf("%v: %s, want %s", c.addr, got, c.want)
		}
	}
}

func TestWhatCannotBeServedIsSaid(t *testing.T) {
	file := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{file, file + "none"} {
		err := Run(t.Context(), Options{Dir: dir, Listen: []string{"127.0.0.1:0"}, Out: io.Discard})
		if exit.CodeOf(err) != exit.Usage {
			t.Errorf("%s: %v", dir, err)
		}
	}
}

// The name of a Unix socket may hold any byte; that of a line's peer does not end the line.
func TestTheLogHasOneLineARequestWhoeverThePeerIs(t *testing.T) {
	proxy, err := NewProxyHeader("")
	if err != nil {
		t.Fatal(err)
	}
	r := start(t, Options{Listen: []string{"127.0.0.1:0"}, ProxyHeader: proxy}, 1)
	c, err := net.Dial("tcp", r.addr(t))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	name := &net.UnixAddr{Net: "unix", Name: "/run/x\nGET /forged 200 0 1ms 192.0.2.1:1"}
	if err := proxyproto.Send(c, &proxyproto.Header{Source: name, Destination: name}); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, "GET /echo HTTP/1.0\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, c)
	_ = c.Close()
	r.stop()
	if err := r.ended(t); err != nil {
		t.Error(err)
	}
	if got := r.out.String(); strings.Contains(got, "\nGET /forged") || !strings.Contains(got, `"/run/x\nGET /forged`) {
		t.Errorf("%s", got)
	}
}
