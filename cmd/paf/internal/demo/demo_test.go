package demo

import (
	"bufio"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/paf-go/paf/cmd/paf/internal/kit"
)

func sum(s string) string {
	h := sha256.Sum256([]byte(s))
	return hex.EncodeToString(h[:])
}

func TestRandomHashAndTransmitAgree(t *testing.T) {
	addr := kit.Serve(t, New())
	for _, length := range []int{0, 1, 56, 57, 58, 12000, 1 << 20} {
		fields := fmt.Sprintf("x-length: %d\nx-seed: Zm9vYmFy\n\n", length)
		random := kit.Do(t, addr, "GET /random HTTP/1.1\n"+fields)
		if random.StatusCode != 200 || random.Err != nil {
			t.Fatalf("/random of %d: %d %v", length, random.StatusCode, random.Err)
		}
		if random.Header.Get("Content-Length") == "" && len(random.TransferEncoding) != 1 {
			t.Errorf("/random of %d is not chunked", length)
		}
		hash := kit.Do(t, addr, "GET /hash HTTP/1.1\n"+fields)
		if hash.StatusCode != 200 || hash.Body != sum(random.Body) {
			t.Errorf("/hash of %d: %d %q, /random has %s", length, hash.StatusCode, hash.Body, sum(random.Body))
		}
		echo := kit.Do(t, addr, fmt.Sprintf("POST /transmit HTTP/1.1\nContent-Length: %d\n\n", len(random.Body))+random.Body)
		if echo.StatusCode != 200 || sum(echo.Body) != hash.Body {
			t.Errorf("/transmit of %d: %d, %d bytes", length, echo.StatusCode, len(echo.Body))
		}
	}
}

func TestRandomIsMIMEBase64OfTheLength(t *testing.T) {
	addr := kit.Serve(t, New())
	for _, length := range []int{0, 1, 2, 3, 56, 57, 58, 114, 115, 100_000} {
		body := kit.Do(t, addr, fmt.Sprintf("GET /random HTTP/1.1\nx-length: %d\n\n", length)).Body
		raw, err := base64.StdEncoding.DecodeString(body) // which ignores CR and LF
		if err != nil || len(raw) != length {
			t.Errorf("%d bytes became %d: %v", length, len(raw), err)
		}
		lines := strings.SplitAfter(body, "\r\n")
		if lines[len(lines)-1] != "" {
			t.Errorf("of %d: the last line has no end", length)
		}
		for i, line := range lines[:len(lines)-1] {
			if full := i < len(lines)-2; full && len(line) != lineWidth || len(line) > lineWidth {
				t.Errorf("of %d: line %d has %d bytes", length, i, len(line))
			}
		}
		if n, ok := encodedLen(uint64(length)); !ok || n != int64(len(body)) {
			t.Errorf("encodedLen(%d) = %d, %t; the text has %d", length, n, ok, len(body))
		}
	}
}

func TestSeedDecidesTheBytes(t *testing.T) {
	addr := kit.Serve(t, New())
	get := func(seed string) string {
		return kit.Do(t, addr, "GET /random HTTP/1.1\nx-length: 100\nx-seed: "+seed+"\n\n").Body
	}
	first, again := get("Zm9v"), get("Zm9v")
	if first != again || get("Zm8=") != get("Zm8") {
		t.Error("one seed gives different bytes")
	}
	if get("Zm9v") == get("YmFy") {
		t.Error("two seeds give the same bytes")
	}
	for _, none := range []string{"", "!", "Zm9v!", "a"} {
		if one, other := get(none), get(none); one == other {
			t.Errorf("the seed %q, which is none, gives the same bytes twice", none)
		}
	}
	// The stream is part of what the program promises: digests may be kept.
	const want = "6c8f525f"
	if got := sum(get("Zm9vYmFy"))[:8]; got != want {
		t.Errorf("the bytes of a seed have changed: %s, want %s", got, want)
	}
}

func TestLengthAndSeedAreChecked(t *testing.T) {
	addr := kit.Serve(t, New())
	for request, want := range map[string]string{
		"/random\n":                                "Invalid length.\n",
		"/random\nx-length: \n":                    "Invalid length.\n",
		"/random\nx-length: -1\n":                  "Invalid length.\n",
		"/random\nx-length: +1\n":                  "Invalid length.\n",
		"/random\nx-length: 1e3\n":                 "Invalid length.\n",
		"/random\nx-length: 0x10\n":                "Invalid length.\n",
		"/random\nx-length: 9223372036854775808\n": "Invalid length.\n",
		"/hash\nx-seed: Zm9v\n":                    "Invalid length.\n",
		"/hash\nx-length: 1073741825\n":            "Invalid length.\n", // by one byte
		"/hash\nx-length: 10\n":                    "Invalid seed.\n",
		"/hash\nx-length: 10\nx-seed: !\n":         "Invalid seed.\n",
		"/hash\nx-length: 10\nx-seed: \n":          "Invalid seed.\n",
	} {
		path, fields, _ := strings.Cut(request, "\n")
		r := kit.Do(t, addr, "GET "+path+" HTTP/1.1\n"+fields+"\n")
		if r.StatusCode != 400 || r.Body != want || r.Header.Get("Content-Type") != "text/plain; charset=utf-8" {
			t.Errorf("%q: %d %q, want %q", request, r.StatusCode, r.Body, want)
		}
	}
}

func TestHashHasAnEntityTag(t *testing.T) {
	addr := kit.Serve(t, New())
	const fields = "x-length: 1000\nx-seed: Zm9v\n"
	first := kit.Do(t, addr, "GET /hash HTTP/1.1\n"+fields+"\n")
	tag := first.Header.Get("Etag")
	if tag != `"`+sum(first.Body)+`"` {
		t.Fatalf("ETag %s, the SHA-256 of the answer is %s", tag, sum(first.Body))
	}
	for list, want := range map[string]int{tag: 304, `"x", ` + tag: 304, "W/" + tag: 304, "*": 304, `"x"`: 200, strings.Trim(tag, `"`): 200} {
		r := kit.Do(t, addr, "GET /hash HTTP/1.1\n"+fields+"If-None-Match: "+list+"\n\n")
		if r.StatusCode != want || r.Header.Get("Etag") != tag || want == 304 && r.Body != "" {
			t.Errorf("If-None-Match: %s: %d %q with ETag %s", list, r.StatusCode, r.Body, r.Header.Get("Etag"))
		}
	}
}

func TestCacheOfHashesIsBounded(t *testing.T) {
	c := newCache(3)
	for length := range uint64(10) {
		for range 2 {
			if _, err := c.get(t.Context(), seed{}, length); err != nil {
				t.Fatal(err)
			}
		}
		if len(c.held) > 3 {
			t.Fatalf("%d are held", len(c.held))
		}
	}
}

func TestHashEndsWithItsClient(t *testing.T) {
	app := New()
	t.Cleanup(func() { // after the end of the server, which waits for the handler
		if len(app.hashes.held) > 0 {
			t.Error("it was computed to its end, for nobody")
		}
	})
	addr := kit.Serve(t, app)
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "GET /hash HTTP/1.1\r\nHost: test\r\nx-length: %d\r\nx-seed: Zm9v\r\n\r\n", maxHashed)
	time.Sleep(50 * time.Millisecond) // so that it may have begun
	conn.Close()
}

func TestTransmitEchoesAsItArrives(t *testing.T) {
	addr := kit.Serve(t, New())
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	in := bufio.NewReader(conn)
	io.WriteString(conn, "POST /transmit HTTP/1.1\r\nHost: test\r\nContent-Type: x/y\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
	for { // the head, before the request is complete
		line, err := in.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(strings.ToLower(line), "content-type:") && !strings.Contains(line, "x/y") {
			t.Error(line)
		}
		if line == "\r\n" {
			break
		}
	}
	for _, piece := range []string{"hello", "again"} {
		if piece != "hello" {
			fmt.Fprintf(conn, "%x\r\n%s\r\n", len(piece), piece)
		}
		got := make([]byte, len(piece)+5) // a chunk of its own
		if _, err := io.ReadFull(in, got); err != nil || string(got) != "5\r\n"+piece+"\r\n" {
			t.Fatalf("%q %v", got, err)
		}
	}
}

func TestTransmitHasAContentType(t *testing.T) {
	addr := kit.Serve(t, New())
	for field, want := range map[string]string{"": "application/octet-stream", "Content-Type: text/html\n": "text/html"} {
		r := kit.Do(t, addr, "POST /transmit HTTP/1.1\n"+field+"Content-Length: 2\n\nhi")
		if r.StatusCode != 200 || r.Body != "hi" || r.Header.Get("Content-Type") != want {
			t.Errorf("%q: %d %q %s", field, r.StatusCode, r.Body, r.Header.Get("Content-Type"))
		}
	}
	r := kit.Do(t, addr, "POST /transmit HTTP/1.1\nContent-Type: a/b\nContent-Type: c/d\nContent-Length: 2\n\nhi")
	if r.StatusCode != 400 {
		t.Errorf("two content types: %d", r.StatusCode)
	}
}
