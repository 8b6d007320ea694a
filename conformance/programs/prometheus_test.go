package programs

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"
)

// measured returns a service whose requests are counted, and its metrics under /metrics.
func measured(registry *prometheus.Registry, files string) http.Handler {
	metrics := promauto.With(registry)
	sizes := []float64{10, 1000, 100_000}
	var mux http.ServeMux
	mux.HandleFunc("POST /echo", func(w http.ResponseWriter, r *http.Request) {
		content, _ := io.ReadAll(r.Body)
		_, _ = io.WriteString(w, "got ")
		w.(http.Flusher).Flush()
		_, _ = io.Copy(w, bytes.NewReader(content))
	})
	mux.Handle("GET /files/", http.StripPrefix("/files", http.FileServer(http.Dir(files))))
	mux.HandleFunc("GET /fail", func(w http.ResponseWriter, r *http.Request) { http.Error(w, "as asked", http.StatusTeapot) })
	var h http.Handler = &mux
	h = promhttp.InstrumentHandlerResponseSize(metrics.NewHistogramVec(prometheus.HistogramOpts{Name: "response_bytes", Buckets: sizes}, []string{"code"}), h)
	h = promhttp.InstrumentHandlerTimeToWriteHeader(metrics.NewHistogramVec(prometheus.HistogramOpts{Name: "head_seconds"}, []string{"code"}), h)
	h = promhttp.InstrumentHandlerCounter(metrics.NewCounterVec(prometheus.CounterOpts{Name: "requests_total"}, []string{"code", "method"}), h)
	h = promhttp.InstrumentHandlerDuration(metrics.NewHistogramVec(prometheus.HistogramOpts{Name: "seconds"}, []string{"method"}), h)
	h = promhttp.InstrumentHandlerInFlight(metrics.NewGauge(prometheus.GaugeOpts{Name: "in_flight"}), h)
	var all http.ServeMux
	all.Handle("/", h)
	all.Handle("GET /metrics", promhttp.InstrumentMetricHandler(registry, promhttp.HandlerFor(registry, promhttp.HandlerOpts{EnableOpenMetrics: true})))
	return &all
}

// TestPromhttp counts what a service does, through writers that wrap the server's, and what a client does, by the hooks of httptrace; the metrics
// are scraped as text, compressed, and as OpenMetrics.
func TestPromhttp(t *testing.T) {
	each(t, []version{h1, h2, h2c}, func(t *testing.T, w *world) {
		url := w.serve(t, measured(prometheus.NewRegistry(), folder(t, map[string]string{"f": strings.Repeat("f", 5000)})))
		plain := w.transport(t)
		var connections, heads atomic.Int64
		var rt http.RoundTripper = promhttp.InstrumentRoundTripperTrace(&promhttp.InstrumentTrace{
			GotConn:      func(float64) { connections.Add(1) },
			WroteHeaders: func(float64) { heads.Add(1) },
		}, plain)
		sent := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "sent_total"}, []string{"code", "method"})
		rt = promhttp.InstrumentRoundTripperCounter(sent, rt)
		rt = promhttp.InstrumentRoundTripperInFlight(prometheus.NewGauge(prometheus.GaugeOpts{Name: "sent_in_flight"}), rt)

		for range 3 {
			ask(t, rt, "POST", url+"/echo", strings.NewReader("content")).is(t, 200, "got content")
		}
		ask(t, rt, "GET", url+"/files/f", nil).is(t, 200, strings.Repeat("f", 5000))
		ask(t, rt, "GET", url+"/fail", nil).is(t, 418, "as asked\n")

		expected := []string{
			`requests_total{code="200",method="post"} 3`, `requests_total{code="200",method="get"} 1`, `requests_total{code="418",method="get"} 1`,
			`response_bytes_bucket{code="200",le="10"} 0`, `response_bytes_bucket{code="200",le="1000"} 3`, `response_bytes_sum{code="200"} 5033`,
			`seconds_count{method="post"} 3`, `head_seconds_count{code="418"} 1`, `in_flight 0`,
		}
		a := ask(t, plain, "GET", url+"/metrics", nil)
		a.is(t, 200, "...")
		a.has(t, "Content-Type: text/plain; version=0.0.4; charset=utf-8; escaping=underscores")
		contains(t, a.content, expected)
		if !a.Uncompressed {
			t.Error("the metrics were not compressed")
		}
		a = ask(t, plain, "GET", url+"/metrics", nil, "Accept: application/openmetrics-text; version=1.0.0", "Accept-Encoding: gzip")
		a.has(t, "Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores", "Content-Encoding: gzip")
		contains(t, gunzip(t, a.content), append(expected[:1], "# EOF", `promhttp_metric_handler_requests_total{code="200"} 1.0`))

		if connections.Load() != 5 || heads.Load() != 5 {
			t.Errorf("%d connections were got, %d heads written", connections.Load(), heads.Load())
		}
		var posts dto.Metric
		if err := sent.WithLabelValues("200", "post").Write(&posts); err != nil || posts.GetCounter().GetValue() != 3 {
			t.Errorf("the client has counted %v, %v", &posts, err)
		}
	})
}

func contains(t *testing.T, content string, lines []string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains(content, line+"\n") && !strings.Contains(content, line+".0\n") {
			t.Errorf("no line %q in\n%s", line, content)
		}
	}
}
