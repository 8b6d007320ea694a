package paf_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/internal/testkit"
	"github.com/paf-go/paf/mimic"
)

// What servers do to clients that lie in wait for them.

// Content is closed though the connection it was to go out on had ended, and no other could be had.
func TestContentIsClosedThoughNoConnectionTakesIt(t *testing.T) {
	for name, body := range map[string]interface {
		io.Reader
		io.Closer
	}{
		"once":  nil, // a pipe
		"again": &closable{Reader: strings.NewReader("content")},
	} {
		t.Run(name, func(t *testing.T) {
			reader, writer := io.Pipe()
			if name == "once" {
				body = reader
			}
			ln := testkit.Listen(t)
			gone := make(chan struct{})
			go func() {
				defer close(gone)
				c, err := ln.Accept()
				if err != nil {
					return
				}
				skipHead(bufio.NewReader(c))
				_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
				ln.Close()
				c.Close()
			}()
			c := &paf.Client{}
			defer c.Close()
			if _, err := fetch(t, c, "http://"+ln.Addr().String()); err != nil {
				t.Fatal(err)
			}
			<-gone
			if resp, err := c.Do(t.Context(), newRequest(t, "POST", "http://"+ln.Addr().String(), body)); err == nil {
				t.Fatalf("answered %d", resp.Status)
			}
			if file, is := body.(*closable); is {
				if n := file.closed.Load(); n != 1 {
					t.Errorf("closed %d times", n)
				}
				return
			}
			written := make(chan error, 1)
			go func() {
				_, err := writer.Write([]byte("content"))
				written <- err
			}()
			select {
			case err := <-written:
				if err != io.ErrClosedPipe {
					t.Error(err)
				}
			case <-time.After(5 * time.Second):
				t.Error("whoever makes the content waits for ever")
				reader.Close()
			}
		})
	}
}

// limit is a SETTINGS frame with SETTINGS_MAX_CONCURRENT_STREAMS.
func limit(n uint32) string {
	return string(binary.BigEndian.AppendUint32([]byte{0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 3}, n))
}

// A server that takes no streams at first is not asked for on one connection after the other.
func TestWhoIsDeclinedWaitsOnTheConnectionThatThereIs(t *testing.T) {
	takes := make(chan struct{})
	addr := serverOf(t, func(c net.Conn) {
		_, _ = io.WriteString(c, limit(0))
		stop := make(chan struct{})
		defer close(stop)
		go func() {
			select {
			case <-takes:
				_, _ = io.WriteString(c, limit(100))
			case <-stop:
			}
		}()
		in := bufio.NewReader(c)
		_, _ = in.Discard(24)
		var head [9]byte
		for {
			if _, err := io.ReadFull(in, head[:]); err != nil {
				return
			}
			_, _ = in.Discard(int(binary.BigEndian.Uint32(head[:]) >> 8))
			if head[3] != 1 { // HEADERS
				continue
			}
			select {
			case <-takes:
				_, _ = io.WriteString(c, "\x00\x00\x01\x01\x05"+string(head[5:9])+"\x88")
			default: // it was sent before the client knew: REFUSED_STREAM
				_, _ = io.WriteString(c, "\x00\x00\x04\x03\x00"+string(head[5:9])+"\x00\x00\x00\x07")
			}
		}
	})
	c := &paf.Client{Protocol: paf.HTTP2, Context: mimic.Add(mimic.Context{}, paf.TCP, addr)}
	defer c.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var all sync.WaitGroup
	for n := range uint64(5) {
		all.Go(func() {
			resp, err := c.Get(ctx, "http://x/")
			if err != nil {
				t.Error(err)
				return
			}
			resp.Body.Close()
		})
		for c.Stats().PoolWaits <= n && ctx.Err() == nil { // it waits for a place, and not for an opening
			time.Sleep(time.Millisecond)
		}
	}
	if n := c.Stats().Opened; n != 1 {
		t.Errorf("%d connections were opened to a server that takes nothing", n)
	}
	close(takes)
	all.Wait()
}

// A server that takes no more streams for a while, and then some again, is sent what has waited for that.
func TestWhoWaitsForAStreamGetsItWhenTheServerTakesMore(t *testing.T) {
	asked, wait := make(chan struct{}), make(chan struct{})
	addr := serverOf(t, func(c net.Conn) {
		_, _ = io.WriteString(c, limit(1))
		in := bufio.NewReader(c)
		_, _ = in.Discard(24)
		answer := func(stream string) string { return "\x00\x00\x01\x01\x05" + stream + "\x88" }
		var head [9]byte
		for first, acknowledged := "", false; ; {
			if _, err := io.ReadFull(in, head[:]); err != nil {
				return
			}
			_, _ = in.Discard(int(binary.BigEndian.Uint32(head[:]) >> 8))
			switch {
			case head[3] == 1 && first == "": // HEADERS
				first = string(head[5:9])
			case head[3] == 1:
				_, _ = io.WriteString(c, answer(string(head[5:9])))
			case head[3] != 4 || head[4] != 1 || acknowledged:
				continue
			default: // the client knows of the limit
				acknowledged = true
			}
			if acknowledged && first != "" && first != "answered" {
				close(asked)
				<-wait
				_, _ = io.WriteString(c, limit(0)+answer(first))
				time.Sleep(100 * time.Millisecond)
				_, _ = io.WriteString(c, limit(100))
				first = "answered"
			}
		}
	})
	c := &paf.Client{Protocol: paf.HTTP2, MaxConns: 1, Context: mimic.Add(mimic.Context{}, paf.TCP, addr)}
	defer c.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	var all sync.WaitGroup
	get := func() {
		resp, err := c.Get(ctx, "http://x/")
		if err != nil {
			t.Error(err)
			return
		}
		resp.Body.Close()
	}
	all.Go(get)
	<-asked
	for range 4 {
		all.Go(get)
	}
	for c.Stats().PoolWaits < 4 {
		time.Sleep(time.Millisecond)
	}
	close(wait)
	all.Wait()
}
