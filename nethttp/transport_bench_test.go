package nethttp_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/nethttp"
)

// BenchmarkTransportHTTP1 and BenchmarkTransportHTTP2 make requests, several at once, of a server of paf's in the same process.
func BenchmarkTransportHTTP1(b *testing.B) { benchmarkTransport(b, false, 32) }

func BenchmarkTransportHTTP2(b *testing.B) { benchmarkTransport(b, true, 128) }

func benchmarkTransport(b *testing.B, h2 bool, many int) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	s := &paf.Server{Handler: paf.HandlerFunc(func(w *paf.ResponseWriter, _ *paf.Request) { _, _ = io.WriteString(w, "Hello, World!") })}
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, ln) }()
	defer func() { stop(); <-done }()
	protocols := new(http.Protocols)
	protocols.SetHTTP1(!h2)
	protocols.SetUnencryptedHTTP2(h2)
	ours := &nethttp.Transport{Protocols: protocols, MaxIdleConnsPerHost: many}
	defer ours.Close()
	for name, rt := range map[string]http.RoundTripper{"paf": ours, "net/http": &http.Transport{Protocols: protocols, MaxIdleConnsPerHost: many}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			left := atomic.Int64{}
			left.Store(int64(b.N))
			ended := make(chan error)
			for range many {
				go func() {
					r, err := http.NewRequest("GET", "http://"+ln.Addr().String()+"/", nil)
					for err == nil && left.Add(-1) >= 0 {
						var resp *http.Response
						if resp, err = rt.RoundTrip(r); err == nil {
							_, err = io.Copy(io.Discard, resp.Body)
							_ = resp.Body.Close()
						}
					}
					ended <- err
				}()
			}
			for range many {
				if err := <-ended; err != nil {
					b.Error(err)
				}
			}
		})
	}
}
