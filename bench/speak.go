package main

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// What idle works ask with is written out here: a client of anyone's would read on, answer
// pings or close what is idle, and would weigh more than all the servers.

// askOnce opens a connection, makes one exchange on it and leaves it open.
func askOnce(j job, addr string) (io.Closer, error) {
	tcp, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	_ = tcp.SetDeadline(time.Now().Add(30 * time.Second))
	var c net.Conn = tcp
	if j.TLS {
		protocol := "http/1.1"
		if j.H2 {
			protocol = "h2"
		}
		// The certificate is our own and says nothing of interest.
		c = tls.Client(tcp, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{protocol}})
	}
	if j.H2 {
		err = askH2(c)
	} else {
		err = askH1(c)
	}
	if err != nil {
		_ = tcp.Close()
		return nil, err
	}
	return tcp, nil // without TLS's farewell: it ends by reset
}

// askH1 makes one exchange of HTTP/1.1.
func askH1(c net.Conn) error {
	if _, err := io.WriteString(c, bareRequest); err != nil {
		return err
	}
	var in []byte
	for buffer := make([]byte, 1024); !bytes.HasSuffix(in, []byte(hello)); {
		n, err := c.Read(buffer)
		if err != nil {
			return fmt.Errorf("the answer ends after %q: %w", in, err)
		}
		in = append(in, buffer[:n]...)
	}
	return nil
}

// startH2 opens HTTP/2 on a connection, with requests for a path on so many streams.
func startH2(c net.Conn, path string, streams int) (*http2.Framer, error) {
	var out, block bytes.Buffer
	out.WriteString(http2.ClientPreface)
	f := http2.NewFramer(&out, c)
	if err := f.WriteSettings(); err != nil {
		return nil, err
	}
	e := hpack.NewEncoder(&block)
	for i := range streams {
		block.Reset()
		for _, field := range [][2]string{{":method", "GET"}, {":scheme", "http"}, {":authority", "127.0.0.1"}, {":path", path}} {
			if err := e.WriteField(hpack.HeaderField{Name: field[0], Value: field[1]}); err != nil {
				return nil, err
			}
		}
		if err := f.WriteHeaders(http2.HeadersFrameParam{StreamID: uint32(2*i + 1), BlockFragment: block.Bytes(), EndStream: true, EndHeaders: true}); err != nil {
			return nil, err
		}
	}
	if err := f.WritePing(false, [8]byte{'p', 'a', 'f'}); err != nil {
		return nil, err
	}
	if _, err := c.Write(out.Bytes()); err != nil {
		return nil, err
	}
	return http2.NewFramer(c, c), nil
}

// readH2 reads frames until done says so, and acknowledges the server's settings.
func readH2(f *http2.Framer, done func(http2.Frame) bool) error {
	acknowledged := false
	for over := false; !over || !acknowledged; {
		frame, err := f.ReadFrame()
		if err != nil {
			return fmt.Errorf("the server did not answer: %w", err)
		}
		switch frame := frame.(type) {
		case *http2.SettingsFrame:
			if !frame.IsAck() {
				if err := f.WriteSettingsAck(); err != nil {
					return err
				}
				acknowledged = true
			}
		case *http2.RSTStreamFrame:
			return fmt.Errorf("the server reset a stream: %v", frame.ErrCode)
		case *http2.GoAwayFrame:
			return fmt.Errorf("the server closes the connection: %v %s", frame.ErrCode, frame.DebugData())
		}
		over = over || done(frame)
	}
	return nil
}

// askH2 makes one exchange of HTTP/2.
func askH2(c net.Conn) error {
	f, err := startH2(c, pathHello, 1)
	if err != nil {
		return err
	}
	return readH2(f, func(frame http2.Frame) bool {
		data, ok := frame.(*http2.DataFrame)
		return ok && data.StreamEnded()
	})
}

// askInVain opens a connection in clear with streams that will not be answered. When it returns the server has
// seen all of them: it has answered the ping behind them.
func askInVain(addr string, streams int) (io.Closer, error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	_ = c.SetDeadline(time.Now().Add(30 * time.Second))
	f, err := startH2(c, pathWait, streams)
	if err == nil {
		err = readH2(f, func(frame http2.Frame) bool {
			ping, ok := frame.(*http2.PingFrame)
			return ok && ping.IsAck()
		})
	}
	if err != nil {
		_ = c.Close()
		return nil, err
	}
	return c, nil
}
