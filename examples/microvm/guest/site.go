//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/vsock"
	"golang.org/x/sys/unix"
)

// A site is what the machine has to say.
type site struct {
	network  *network
	stop     func() // turns the machine off, once what is in flight is finished
	byVsock  *paf.Client
	routines map[string]paf.HandlerFunc
}

func newSite(n *network, stop func()) *site {
	s := &site{network: n, stop: stop}
	s.byVsock = &paf.Client{Context: vsock.Context(vsock.Addr{CID: vsock.Local, Port: port})}
	s.routines = map[string]paf.HandlerFunc{
		"GET /": s.root, "HEAD /": s.root, "POST /echo": echo, "GET /vsock": s.overVsock, "POST /poweroff": s.powerOff,
	}
	return s
}

// Serve implements paf.Handler.
func (s *site) Serve(w *paf.ResponseWriter, r *paf.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	handler, ok := s.routines[r.Method+" "+r.Path]
	if !ok {
		w.WriteHeader(404)
		fmt.Fprintln(w, "There are GET /, POST /echo, GET /vsock and POST /poweroff.")
		return
	}
	handler(w, r)
}

// root says what answers, and what it costs.
func (s *site) root(w *paf.ResponseWriter, r *paf.Request) {
	var page bytes.Buffer
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&page, "%-9s %s\n", name+":", fmt.Sprintf(format, args...))
	}
	fmt.Fprintf(&page, "This is paf, the only program of a virtual machine.\n\n")
	line("you", "%v, by %s over %s", r.Peer(), r.Protocol, r.Scheme)
	line("network", "%s, %v", s.network.what, s.network.addresses())
	line("kernel", "%s", kernel())
	line("uptime", "%v", uptime())
	line("memory", "%s", memory())
	_, _ = w.Write(page.Bytes())
}

// kernel names the kernel.
func kernel() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return err.Error()
	}
	return unix.ByteSliceToString(u.Sysname[:]) + " " + unix.ByteSliceToString(u.Release[:])
}

// memory says how much of it is in use.
func memory() string {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err != nil {
		return err.Error()
	}
	const MiB = 1 << 20
	unit := uint64(info.Unit)
	return fmt.Sprintf("%.1f MiB of Go's, %.1f of %.1f MiB of the machine's",
		float64(m.Sys-m.HeapReleased)/MiB, float64((info.Totalram-info.Freeram)*unit)/MiB, float64(info.Totalram*unit)/MiB)
}

// echo sends the content back as it comes.
func echo(w *paf.ResponseWriter, r *paf.Request) {
	w.Header().Set("Content-Type", "application/octet-stream")
	piece := make([]byte, 64<<10)
	for {
		n, err := r.Body.Read(piece)
		if n > 0 {
			_, _ = w.Write(piece[:n]) // what fails here, Flush tells
		}
		if err == io.EOF {
			return
		}
		if err = errors.Join(err, w.Flush()); err != nil {
			panic(paf.ErrAbort) // the client is to see that it did not get all
		}
	}
}

// overVsock has the machine ask itself for its page, over vsock.
func (s *site) overVsock(w *paf.ResponseWriter, r *paf.Request) {
	resp, err := s.byVsock.Get(r.Context(), "http://vsock/")
	if err != nil {
		w.WriteHeader(502)
		fmt.Fprintln(w, err)
		return
	}
	defer resp.Body.Close()
	_, _ = io.Copy(w, resp.Body)
}

// powerOff answers, and turns the machine off after that.
func (s *site) powerOff(w *paf.ResponseWriter, _ *paf.Request) {
	w.WriteHeader(202)
	fmt.Fprintln(w, "Good night.")
	s.stop()
}
