package files

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/paf-go/paf/cmd/paf/internal/kit"
)

const gibibyte = 1 << 30

// sparse makes a file of 1 GiB that begins and ends with text.
func sparse(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	f, err := os.Create(filepath.Join(dir, "big"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString("begin"); err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte("end"), gibibyte-3); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestLargeFileIsServedWholeAndByRangeInFlatMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("NOT RUN with -short: 1 GiB over a socket")
	}
	addr := serve(t, sparse(t), Options{})
	const limit = 32 << 20
	kit.Flat(t, limit, func() {
		if first, last, n := fetch(t, addr, ""); n != gibibyte || first != "begin" || last != "end" {
			t.Errorf("the whole: %d bytes, %q to %q", n, first, last)
		}
	})
	kit.Flat(t, limit, func() {
		if _, last, n := fetch(t, addr, "Range: bytes=536870912-\r\n"); n != gibibyte/2 || last != "end" {
			t.Errorf("the second half: %d bytes to %q", n, last)
		}
	})
	kit.Flat(t, limit, func() {
		if first, last, n := fetch(t, addr, "Range: bytes=1-5,-5\r\n"); n > 1000 || first == "" || last == "" {
			t.Errorf("both ends: %d bytes", n)
		}
	})
	r := kit.Do(t, addr, fmt.Sprintf("GET /big HTTP/1.1\nRange: bytes=%d-\n\n", gibibyte))
	if r.StatusCode != 416 || r.Header.Get("Content-Range") != fmt.Sprintf("bytes */%d", gibibyte) {
		t.Errorf("beyond the end: %d %s", r.StatusCode, r.Header.Get("Content-Range"))
	}
}

// fetch reads a response without keeping it.
func fetch(t *testing.T, addr, fields string) (first, last string, n int64) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(2 * time.Minute))
	fmt.Fprintf(conn, "GET /big HTTP/1.1\r\nHost: test\r\n%s\r\n", fields)
	r, err := http.ReadResponse(bufio.NewReaderSize(conn, 256<<10), &http.Request{Method: "GET"})
	if err != nil {
		t.Fatal(err)
	}
	head := make([]byte, 5)
	if _, err := io.ReadFull(r.Body, head); err != nil {
		t.Fatal(err)
	}
	tail, buf := make([]byte, 3), make([]byte, 256<<10)
	for n = 5; ; {
		m, err := r.Body.Read(buf)
		n += int64(m)
		tail = append(tail, buf[max(0, m-3):m]...)
		tail = append(tail[:0], tail[len(tail)-3:]...)
		if err == io.EOF {
			return string(head), string(tail), n
		}
		if err != nil {
			t.Fatalf("after %d bytes: %v", n, err)
		}
	}
}
