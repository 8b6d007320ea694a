package paf_test

import (
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/paf-go/paf"
)

// A server that has gone quiet asks for the collection that the runtime would put off for two minutes.
func TestWhatManyParkedConnectionsHaveLeftIsCollected(t *testing.T) {
	const conns = 600 // of which each counts as 4 KiB, and 2 MiB are worth a collection
	addr, _ := parking(t, &paf.Server{Handler: paf.HandlerFunc(func(w *paf.ResponseWriter, _ *paf.Request) {})}, nil)
	runtime.GC()
	before := forced()
	for range conns {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := c.Write([]byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n")); err != nil {
			t.Fatal(err)
		}
	}
	for range 400 {
		if forced() > before {
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	t.Error("nothing has been collected in ten seconds")
}

// forced returns how many collections have been asked for.
func forced() uint32 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.NumForcedGC
}
