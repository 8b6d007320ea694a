package demo

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/paf-go/paf/cmd/paf/internal/kit"
)

func TestChunkedUploadOfAGibibyteIsEchoedInFlatMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("NOT RUN with -short: 1 GiB over a socket, both ways")
	}
	addr := kit.Serve(t, New())
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(5 * time.Minute))
	const chunk, count = 64 << 10, 16 << 10
	kit.Flat(t, 32<<20, func() {
		sent := make(chan error, 1)
		go func() { sent <- upload(conn, chunk, count) }()
		r, err := http.ReadResponse(bufio.NewReaderSize(conn, 256<<10), &http.Request{Method: "POST"})
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, r.Body)
		if err != nil || n != chunk*count {
			t.Errorf("%d bytes came back: %v", n, err)
		}
		if err := <-sent; err != nil {
			t.Error(err)
		}
	})
}

func upload(conn net.Conn, chunk, count int) error {
	fmt.Fprintf(conn, "POST /transmit HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n")
	piece := fmt.Appendf(nil, "%x\r\n", chunk)
	piece = append(piece, make([]byte, chunk)...)
	piece = append(piece, "\r\n"...)
	for range count {
		if _, err := conn.Write(piece); err != nil {
			return err
		}
	}
	_, err := io.WriteString(conn, "0\r\n\r\n")
	return err
}
