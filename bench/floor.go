package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/panjf2000/gnet/v2"
)

// bareAnswer is what the floor and gnet answer with.
const bareAnswer = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nContent-Length: 13\r\n\r\n" + hello

// bareRequest is what our own senders ask with, where wrk and h2load cannot be used.
var bareRequest = bareRequestOf(pathHello)

func bareRequestOf(path string) string {
	return "GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
}

var endOfHead = []byte("\r\n\r\n")

// serveFloor is what no server can beat: it looks for the ends of heads and
// answers each with the same bytes, in one write a read.
func serveFloor(j job, ln net.Listener) error {
	for {
		c, err := ln.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer c.Close()
			in := make([]byte, 16<<10)
			var out []byte
			for {
				n, err := c.Read(in)
				if err != nil {
					return
				}
				if bytes.HasPrefix(in[:n], []byte("GET "+pathToil+" ")) {
					toil()
				} else if n > 5 && in[5] != ' ' { // not "GET / "
					if bareBody(j, c, in[:n]) != nil {
						return
					}
					continue
				}
				out = out[:0]
				for range bytes.Count(in[:n], endOfHead) {
					out = append(out, bareAnswer...)
				}
				if _, err := c.Write(out); err != nil {
					return
				}
			}
		}()
	}
}

// bareBody is the floor of bodies: a copy from a file, or reading and nothing else.
func bareBody(j job, c net.Conn, in []byte) error {
	if bytes.HasPrefix(in, []byte("GET "+pathBig+" ")) {
		f, size, err := openBig(j)
		if err != nil {
			return err
		}
		defer f.Close()
		if _, err := fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nContent-Length: %d\r\n\r\n", size); err != nil {
			return err
		}
		_, err = io.Copy(c, f)
		return err
	}
	head, rest, _ := bytes.Cut(in, endOfHead)
	_, length, _ := bytes.Cut(bytes.ToLower(head), []byte("\r\ncontent-length: "))
	length, _, _ = bytes.Cut(length, []byte("\r\n"))
	size, err := strconv.Atoi(string(length))
	if err != nil || !bytes.HasPrefix(in, []byte("POST "+pathSink+" ")) {
		return fmt.Errorf("the floor knows no such request: %q", head)
	}
	buffer := make([]byte, 64<<10)
	for left := size - len(rest); left > 0; {
		n, err := c.Read(buffer)
		if err != nil {
			return err
		}
		left -= n
	}
	_, err = io.WriteString(c, bareAnswer)
	return err
}

// toil is work of some 20 µs, whose length depends on nothing but the speed of the core.
func toil() {
	x := uint64(1)
	for range 16 << 10 {
		x = x*6364136223846793005 + 1442695040888963407 // each waits for the one before
	}
	if x == 0 { // never, but the compiler does not know
		panic("the generator is broken")
	}
}

// openBig opens the file of pathBig.
func openBig(j job) (*os.File, int64, error) {
	f, err := os.Open(filepath.Join(j.Dir, pathBig))
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	return f, info.Size(), nil
}

// bareLoop is the floor's loop on gnet's: it has no more of HTTP than the floor.
type bareLoop struct {
	gnet.BuiltinEventEngine
	outs sync.Pool // of *[]byte
}

// OnTraffic answers what has come.
func (l *bareLoop) OnTraffic(c gnet.Conn) gnet.Action {
	in, err := c.Next(-1)
	if err != nil {
		return gnet.Close
	}
	out, _ := l.outs.Get().(*[]byte)
	if out == nil {
		out = new([]byte)
	}
	*out = (*out)[:0]
	for range bytes.Count(in, endOfHead) {
		*out = append(*out, bareAnswer...)
	}
	_, err = c.Write(*out)
	l.outs.Put(out)
	if err != nil {
		return gnet.Close
	}
	return gnet.None
}

// serveGnet lets gnet listen by itself, as it cannot be given a listener.
func serveGnet(j job, ln net.Listener) error {
	if err := ln.Close(); err != nil {
		return err
	}
	return gnet.Run(&bareLoop{}, "tcp://"+j.Addr, gnet.WithNumEventLoop(max(1, j.Cores)), gnet.WithReuseAddr(true))
}

// callFloor is what no client can beat: a write and a read on a connection that is the worker's own.
func callFloor(j job) (func(worker int) error, error) {
	conns, err := many(j.Many, func() (net.Conn, error) { return net.Dial("tcp", j.Addr) })
	if err != nil {
		return nil, err
	}
	buffers := make([][1024]byte, j.Many)
	return func(worker int) error {
		c, buffer := conns[worker], buffers[worker][:]
		if _, err := io.WriteString(c, bareRequest); err != nil {
			return err
		}
		n, err := c.Read(buffer)
		if err != nil {
			return err
		}
		if !bytes.HasSuffix(buffer[:n], []byte(hello)) {
			return fmt.Errorf("the answer did not come in one read: %q", buffer[:n])
		}
		return nil
	}, nil
}
