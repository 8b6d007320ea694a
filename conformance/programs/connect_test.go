package programs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

type (
	words   = wrapperspb.StringValue
	numbers = wrapperspb.Int64Value
)

// connectHandlers are those of a service of four methods, written by hand.
func connectHandlers(ends chan<- error) http.Handler {
	var mux http.ServeMux
	mux.Handle("/test/Unary", connect.NewUnaryHandler("/test/Unary", func(ctx context.Context, r *connect.Request[words]) (*connect.Response[words], error) {
		if r.Msg.Value == "fail" {
			err := connect.NewError(connect.CodeNotFound, errors.New("no such thing"))
			err.Meta().Set("X-Meta", "with it")
			return nil, err
		}
		if r.Msg.Value == "wait" {
			<-ctx.Done()
			ends <- ctx.Err()
			return nil, ctx.Err()
		}
		resp := connect.NewResponse(&words{Value: r.Msg.Value})
		resp.Header().Set("X-Saw", r.Header().Get("X-Asked")+" by "+r.HTTPMethod())
		resp.Trailer().Set("X-Last", "trailer")
		return resp, nil
	}, connect.WithIdempotency(connect.IdempotencyNoSideEffects)))
	mux.Handle("/test/Down", connect.NewServerStreamHandler("/test/Down", func(ctx context.Context, r *connect.Request[numbers], s *connect.ServerStream[words]) error {
		s.ResponseHeader().Set("X-Saw", r.Header().Get("X-Asked"))
		s.ResponseTrailer().Set("X-Last", "trailer")
		for i := range r.Msg.Value {
			if err := s.Send(&words{Value: strings.Repeat("x", int(i*i))}); err != nil {
				return err
			}
		}
		if r.Msg.Value == 0 {
			return connect.NewError(connect.CodeOutOfRange, errors.New("none"))
		}
		return nil
	}))
	mux.Handle("/test/Up", connect.NewClientStreamHandler("/test/Up", func(ctx context.Context, s *connect.ClientStream[words]) (*connect.Response[numbers], error) {
		sum := 0
		for s.Receive() {
			sum += len(s.Msg().Value)
		}
		if s.Err() != nil {
			return nil, s.Err()
		}
		return connect.NewResponse(&numbers{Value: int64(sum)}), nil
	}))
	mux.Handle("/test/Both", connect.NewBidiStreamHandler("/test/Both", func(ctx context.Context, s *connect.BidiStream[words, words]) error {
		s.ResponseTrailer().Set("X-Last", "trailer")
		for {
			m, err := s.Receive()
			if errors.Is(err, io.EOF) {
				err = nil
			}
			if m == nil {
				ends <- err
				return err
			}
			if err := s.Send(m); err != nil {
				return err
			}
		}
	}))
	return &mux
}

// eachConnect runs a test in each of the protocols that connect speaks.
func eachConnect(t *testing.T, versions []version, f func(t *testing.T, w *world, c *http.Client, url string, ends <-chan error, option connect.ClientOption)) {
	for _, p := range []struct {
		name   string
		option connect.ClientOption
	}{
		{"connect", connect.WithClientOptions()},
		{"json", connect.WithProtoJSON()},
		{"gRPC", connect.WithGRPC()},
		{"gRPC-Web", connect.WithGRPCWeb()},
	} {
		t.Run(p.name, func(t *testing.T) {
			if p.name == "gRPC" && versions[0] == h1 { // which it cannot be
				versions = versions[1:]
			}
			each(t, versions, func(t *testing.T, w *world) {
				ends := make(chan error, 10)
				url := w.serve(t, connectHandlers(ends)) + "/test/"
				f(t, w, &http.Client{Transport: w.transport(t)}, url, ends, p.option)
			})
		})
	}
}

// TestConnectCalls calls once, with compression and metadata, by GET where that may be, and reads errors.
func TestConnectCalls(t *testing.T) {
	eachConnect(t, []version{h1, h2, h2c}, func(t *testing.T, w *world, c *http.Client, url string, ends <-chan error, option connect.ClientOption) {
		for _, options := range [][]connect.ClientOption{{option}, {option, connect.WithSendGzip()}, {option, connect.WithHTTPGet(), connect.WithIdempotency(connect.IdempotencyNoSideEffects)}} {
			call := connect.NewClient[words, words](c, url+"Unary", options...)
			for _, size := range []int{0, 10, 3000} {
				r := connect.NewRequest(&words{Value: strings.Repeat("y", size)})
				r.Header().Set("X-Asked", "this")
				resp, err := call.CallUnary(t.Context(), r)
				if err != nil {
					t.Fatal(err)
				}
				if resp.Msg.Value != r.Msg.Value {
					t.Errorf("%d bytes became %d", size, len(resp.Msg.Value))
				}
				hasFields(t, "the response", resp.Header(), "X-Saw: this by "+r.HTTPMethod())
				hasFields(t, "the trailer section", resp.Trailer(), "X-Last: trailer")
			}
			_, err := call.CallUnary(t.Context(), connect.NewRequest(&words{Value: "fail"}))
			var failed *connect.Error
			if !errors.As(err, &failed) || failed.Code() != connect.CodeNotFound || failed.Message() != "no such thing" || failed.Meta().Get("X-Meta") != "with it" {
				t.Errorf("the failure: %v", err)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		_, err := connect.NewClient[words, words](c, url+"Unary", option).CallUnary(ctx, connect.NewRequest(&words{Value: "wait"}))
		if connect.CodeOf(err) != connect.CodeDeadlineExceeded {
			t.Errorf("when its time is over: %v", err)
		}
		if err := receive(t, ends, "the handler's end"); !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled) {
			t.Errorf("the handler was told %v", err)
		}
	})
}

// TestConnectStreams streams down and up.
func TestConnectStreams(t *testing.T) {
	eachConnect(t, []version{h1, h2, h2c}, func(t *testing.T, w *world, c *http.Client, url string, _ <-chan error, option connect.ClientOption) {
		r := connect.NewRequest(&numbers{Value: 100})
		r.Header().Set("X-Asked", "this")
		down, err := connect.NewClient[numbers, words](c, url+"Down", option, connect.WithAcceptCompression("gzip", nil, nil)).CallServerStream(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for ; down.Receive(); n++ {
			if len(down.Msg().Value) != n*n {
				t.Errorf("message %d is of %d bytes", n, len(down.Msg().Value))
			}
		}
		if n != 100 || down.Err() != nil {
			t.Errorf("%d messages, %v", n, down.Err())
		}
		hasFields(t, "the response", down.ResponseHeader(), "X-Saw: this")
		hasFields(t, "the trailer section", down.ResponseTrailer(), "X-Last: trailer")
		if err := down.Close(); err != nil {
			t.Error(err)
		}
		none, err := connect.NewClient[numbers, words](c, url+"Down", option).CallServerStream(t.Context(), connect.NewRequest(&numbers{}))
		if err != nil {
			t.Fatal(err)
		}
		if none.Receive() || connect.CodeOf(none.Err()) != connect.CodeOutOfRange {
			t.Errorf("the failure: %v", none.Err())
		}
		_ = none.Close()

		up := connect.NewClient[words, numbers](c, url+"Up", option).CallClientStream(t.Context())
		for i := range 100 {
			if err := up.Send(&words{Value: strings.Repeat("z", i)}); err != nil {
				t.Fatal(err)
			}
		}
		if resp, err := up.CloseAndReceive(); err != nil || resp.Msg.Value != 4950 {
			t.Errorf("%v, %v", resp, err)
		}
	})
}

// TestConnectStreamsBothWays answers each message before the next is sent; a second stream is given up half-way, and the handler sees it.
func TestConnectStreamsBothWays(t *testing.T) {
	eachConnect(t, []version{h2, h2c}, func(t *testing.T, w *world, c *http.Client, url string, ends <-chan error, option connect.ClientOption) {
		call := connect.NewClient[words, words](c, url+"Both", option)
		both := call.CallBidiStream(t.Context())
		for i := range 50 {
			converses(t, both, fmt.Sprint("message ", i))
		}
		if err := both.CloseRequest(); err != nil {
			t.Error(err)
		}
		if _, err := both.Receive(); !errors.Is(err, io.EOF) {
			t.Errorf("in the end: %v", err)
		}
		hasFields(t, "the trailer section", both.ResponseTrailer(), "X-Last: trailer")
		if err := both.CloseResponse(); err != nil {
			t.Error(err)
		}
		if err := receive(t, ends, "the handler's end"); err != nil {
			t.Errorf("the handler was told %v", err)
		}

		ctx, cancel := context.WithCancel(t.Context())
		both = call.CallBidiStream(ctx)
		converses(t, both, "the last")
		cancel()
		if _, err := both.Receive(); connect.CodeOf(err) != connect.CodeCanceled {
			t.Errorf("given up: %v", err)
		}
		_ = both.CloseResponse()
		_ = both.CloseRequest()
		// The client of connect closes both sides when its context ends: which of them goes out first is chance.
		if err := receive(t, ends, "the handler's end"); err != nil && connect.CodeOf(err) != connect.CodeCanceled {
			t.Errorf("the handler was told %v", err)
		}
	})
}

func converses(t *testing.T, both *connect.BidiStreamForClient[words, words], text string) {
	t.Helper()
	if err := both.Send(&words{Value: text}); err != nil {
		t.Fatal(err)
	}
	if m, err := both.Receive(); err != nil || m.Value != text {
		t.Fatalf("%v, %v", m, err)
	}
}
