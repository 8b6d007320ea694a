package load

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/flow"
)

// fixedRequest is what is sent where no option says otherwise.
const fixedRequest = "GET / HTTP/1.1\r\nHost: fixed\r\nUser-Agent: " + userAgent + "\r\nAccept: */*\r\n\r\n"

// fixedHead is the head of a response whose content is half a kilobyte.
const fixedHead = "HTTP/1.1 200 OK\r\nContent-Length: 512\r\n\r\n"

// fixed answers each request of HTTP/1.1 after 10 ms with the same bytes; of every tenth it sends a part only, and ends the connection, if breaks is set.
func fixed(breaks bool, part int) func(flow.Flow) {
	var n atomic.Int64
	return func(f flow.Flow) {
		in := bufio.NewReader(f)
		for {
			if _, err := http.ReadRequest(in); err != nil {
				return
			}
			time.Sleep(10 * time.Millisecond)
			response := fixedHead + strings.Repeat("x", 512)
			if breaks && n.Add(1)%10 == 0 {
				_, _ = io.WriteString(f, response[:part])
				return
			}
			_, _ = io.WriteString(f, response)
		}
	}
}

// TestTheBytesOfAWarmUpDoNotCount: each request has its own, whoever ends beside it.
func TestTheBytesOfAWarmUpDoNotCount(t *testing.T) {
	const request, response = int64(len(fixedRequest)), int64(len(fixedHead) + 512)
	for name, o := range map[string]Options{
		"closed":            {Connections: 3},
		"open":              {Connections: 3, Rate: 200},
		"pipelined":         {Connections: 2, Pipeline: 5},
		"pipelined, open":   {Connections: 2, Pipeline: 5, Rate: 100},
		"HTTP/2":            {Connections: 2, Streams: 5, Protocol: paf.HTTP2},
		"HTTP/2, open":      {Connections: 2, Streams: 5, Protocol: paf.HTTP2, Rate: 200},
		"HTTP/2, staggered": {Connections: 1, Streams: 50, Protocol: paf.HTTP2, Rate: 3000},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o.URL, o.Duration, o.Warmup, o.Way = "http://fixed/", 500*time.Millisecond, 505*time.Millisecond, servedBy(fixed(false, 0))
				if o.Protocol == paf.HTTP2 {
					o.Way = serveInMemory(t, paf.HandlerFunc(func(w *paf.ResponseWriter, _ *paf.Request) {
						time.Sleep(10 * time.Millisecond)
						_, _ = w.Write(make([]byte, 512))
					}))
				}
				r := measure(t, o)
				n := r.Answered()
				if n == 0 || r.FailedCount() != 0 {
					t.Fatalf("%d answered, failed %v", n, r.Failures)
				}
				if o.Protocol != paf.HTTP2 {
					if r.BytesIn != n*response || r.BytesOut != n*request {
						t.Errorf("%d answered: %d bytes in, %d out, not %d and %d", n, r.BytesIn, r.BytesOut, n*response, n*request)
					}
					return
				}
				// Frame headers and some fields that the table has; nothing else is said once it runs but WINDOW_UPDATEs and what answers PINGs.
				if in, out := r.BytesIn/n, r.BytesOut/n; in < 512+18 || in > 512+60 || out < 9 || out > 60 {
					t.Errorf("%d answered: %d bytes in and %d out of each", n, in, out)
				}
			})
		})
	}
}

// TestTheBytesOfFailedRequestsCount, those of half a head too.
func TestTheBytesOfFailedRequestsCount(t *testing.T) {
	const request, response = int64(len(fixedRequest)), int64(len(fixedHead) + 512)
	for _, part := range []int{0, 20, len(fixedHead) + 100} {
		for _, rate := range []float64{0, 100} {
			t.Run(fmt.Sprint(part, " at ", rate), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					r := measure(t, Options{URL: "http://fixed/", Way: servedBy(fixed(true, part)), Connections: 3, Number: 200, Rate: rate})
					if r.Answered() != 180 || kinds(r)[Broken] != 20 {
						t.Fatalf("%d answered, failed %v", r.Answered(), r.Failures)
					}
					if in, out := 180*response+20*int64(part), 200*request; r.BytesIn != in || r.BytesOut != out {
						t.Errorf("%d bytes in, %d out, not %d and %d", r.BytesIn, r.BytesOut, in, out)
					}
				})
			})
		}
	}
}
