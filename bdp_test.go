package paf_test

import (
	"context"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/flow/flowtest"
	"github.com/paf-go/paf/mimic"
)

// endless gives zeros without end; LimitReader bounds it.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// Windows grow to what the path can hold: 64 MiB over 1 Gbit/s with 50 ms each way take little more than the half
// second that the path takes for them.
func TestWindowsGrowToThePath(t *testing.T) {
	const size = 64 << 20
	path := flowtest.Path{Delay: 25 * time.Millisecond, Rate: 1e9 / 8}
	alone := time.Duration(float64(size) / float64(path.Rate) * float64(time.Second))
	for _, direction := range []string{"up", "down"} {
		t.Run(direction, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := handle(func(w *paf.ResponseWriter, r *paf.Request) {
					if n, err := io.Copy(io.Discard, r.Body); direction == "up" && (n != size || err != nil) {
						t.Errorf("%d bytes came, %v", n, err)
					}
					if direction == "down" {
						_, _ = io.Copy(w, io.LimitReader(endless{}, size))
					}
				})
				link := mimic.Register("link", mimic.NoPriority, func(context.Context, struct{}) (flow.Flow, error) {
					near, far := flowtest.Link(path)
					go func() { _ = s.ServeFlow(context.Background(), far) }()
					return near, nil
				})
				c := &paf.Client{Protocol: paf.HTTP2, Context: mimic.Add(mimic.Context{}, link, struct{}{})}
				var body io.Reader
				if direction == "up" {
					body = io.LimitReader(endless{}, size)
				}
				start := time.Now()
				resp, err := c.Do(t.Context(), newRequest(t, "POST", "http://link.test/", body))
				if err != nil {
					t.Fatal(err)
				}
				n, err := io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
				if direction == "down" && n != size || err != nil {
					t.Errorf("%d bytes, %v", n, err)
				}
				took := time.Since(start)
				t.Logf("%v; the path alone takes %v", took, alone)
				if took > 2*alone {
					t.Errorf("it took %v, and the path alone takes %v", took, alone)
				}
				c.Close()
				_ = s.Shutdown(t.Context())
				time.Sleep(time.Second) // the path's goroutines still carry the last bytes
			})
		})
	}
}
