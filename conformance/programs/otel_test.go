package programs

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
)

// TestOtelhttp traces requests on both sides: the server's span is the child of the client's, whose trace it learnt from the fields, and
// both say how it went.
func TestOtelhttp(t *testing.T) {
	each(t, []version{h1, h2, h2c}, func(t *testing.T, w *world) {
		spans := tracetest.NewSpanRecorder()
		provider := sdk.NewTracerProvider(sdk.WithSpanProcessor(spans))
		options := []otelhttp.Option{otelhttp.WithTracerProvider(provider), otelhttp.WithPropagators(propagation.TraceContext{})}
		var mux http.ServeMux
		mux.HandleFunc("POST /echo/{name}", func(w http.ResponseWriter, r *http.Request) {
			if !trace.SpanFromContext(r.Context()).SpanContext().IsValid() {
				t.Error("the handler has no span")
			}
			content, _ := io.ReadAll(r.Body)
			_, _ = io.WriteString(w, r.PathValue("name")+" ")
			w.(http.Flusher).Flush()
			_, _ = w.Write(content)
		})
		mux.HandleFunc("GET /fail", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusBadGateway) })
		done := make(chan struct{}, 1)
		traced := otelhttp.NewHandler(&mux, "service", append(options, otelhttp.WithMessageEvents(otelhttp.ReadEvents, otelhttp.WriteEvents))...)
		url := w.serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			traced.ServeHTTP(w, r)
			done <- struct{}{}
		}))
		rt := otelhttp.NewTransport(w.transport(t), options...)

		for _, c := range []struct {
			method, path, content string
			status                int
			expected, name        string
		}{
			{"POST", "/echo/ada", "content", 200, "ada content", "POST /echo/{name}"},
			{"GET", "/fail", "", 502, "", "GET /fail"},
		} {
			spans.Reset()
			ask(t, rt, c.method, url+c.path, strings.NewReader(c.content)).is(t, c.status, c.expected)
			receive(t, done, "the handler's end")
			ended := spans.Ended()
			if len(ended) != 2 {
				t.Fatalf("%d spans", len(ended))
			}
			server, client := ended[0], ended[1]
			if server.SpanKind() != trace.SpanKindServer {
				server, client = client, server
			}
			if server.Parent().SpanID() != client.SpanContext().SpanID() || server.SpanContext().TraceID() != client.SpanContext().TraceID() || !server.Parent().IsRemote() {
				t.Errorf("the server's span is no child of the client's: %v, %v", server.Parent(), client.SpanContext())
			}
			if server.Name() != c.name || client.Name() != "HTTP "+c.method {
				t.Errorf("spans %q and %q", server.Name(), client.Name())
			}
			version := map[int]string{1: "1.1", 2: "2.0"}[w.major]
			for _, span := range []sdk.ReadOnlySpan{server, client} {
				hasAttribute(t, span, attribute.Int("http.response.status_code", c.status))
				hasAttribute(t, span, attribute.String("http.request.method", c.method))
				if failed := span.Status().Code == codes.Error; failed != (c.status == 502) {
					t.Errorf("%s: %v", span.Name(), span.Status())
				}
			}
			hasAttribute(t, server, attribute.String("network.protocol.version", version))
			hasAttribute(t, server, attribute.String("client.address", "127.0.0.1"))
			if c.content != "" {
				hasAttribute(t, server, attribute.Int("http.request.body.size", len(c.content)))
				hasAttribute(t, server, attribute.Int("http.response.body.size", len(c.expected)))
			}
		}
	})
}

func hasAttribute(t *testing.T, span sdk.ReadOnlySpan, expected attribute.KeyValue) {
	t.Helper()
	for _, a := range span.Attributes() {
		if a.Key == expected.Key {
			if a.Value != expected.Value {
				t.Errorf("%s: %s is %v, expected %v", span.Name(), a.Key, a.Value.String(), expected.Value.String())
			}
			return
		}
	}
	t.Errorf("%s has no %s: %v", span.Name(), expected.Key, span.Attributes())
}
