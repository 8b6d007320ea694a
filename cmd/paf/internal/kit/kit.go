// Package kit is what the tests of the program share: a server on a real socket
// and a client that sends bytes as they are.
package kit

import (
	"bufio"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/cmd/paf/internal/reply"
	"github.com/paf-go/paf/internal/testkit"
)

// Serve serves h on a free port until the test ends, and returns its address. The
// test fails if the server does not stop in peace.
func Serve(t testing.TB, h paf.Handler) string {
	t.Helper()
	ln := testkit.Listen(t)
	server := &paf.Server{
		Handler:      h,
		ErrorHandler: reply.Fault,
		GracePeriod:  time.Second,
		Log:          slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
	testkit.Serve(t, server, ln)
	return ln.Addr().String()
}

// A Response is what came back, read to its end.
type Response struct {
	*http.Response
	Body string
	Err  error // of reading the content
}

// Do sends request as it is, "\n" standing for CRLF, and reads one response. A
// missing Host is added.
func Do(t testing.TB, addr, request string) Response {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	line, rest, _ := strings.Cut(request, "\n")
	if !strings.Contains(strings.ToLower(rest), "host:") {
		rest = "Host: test\n" + rest
	}
	head, content, _ := strings.Cut(line+"\n"+rest, "\n\n")
	head = strings.ReplaceAll(strings.TrimRight(head, "\n"), "\n", "\r\n") + "\r\n\r\n"
	if _, err := io.WriteString(conn, head+content); err != nil {
		t.Fatal(err)
	}
	method, _, _ := strings.Cut(line, " ")
	return Read(t, bufio.NewReader(conn), method)
}

// Read reads one response to a request with the method.
func Read(t testing.TB, from *bufio.Reader, method string) Response {
	t.Helper()
	r, err := http.ReadResponse(from, &http.Request{Method: method})
	if err != nil {
		t.Fatalf("no response: %v", err)
	}
	body, err := io.ReadAll(r.Body)
	return Response{r, string(body), err}
}
