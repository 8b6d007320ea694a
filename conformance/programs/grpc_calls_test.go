package programs

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	echo "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// TestGRPCUnary calls with nothing, with metadata of both kinds, with a compressed message, and asks where the caller is.
func TestGRPCUnary(t *testing.T) {
	eachGRPC(t, func(t *testing.T, w *world, c echo.TestServiceClient, _ <-chan error) {
		if _, err := c.EmptyCall(during(t), &echo.Empty{}); err != nil {
			t.Error(err)
		}
		var header, trailer metadata.MD
		ctx := during(t, "x-asked", "a", "x-asked", "b", "x-asked-bin", "\x00\x01\xfe")
		in := &echo.SimpleRequest{Payload: payload(1000), FillUsername: true}
		for _, options := range [][]grpc.CallOption{{}, {compressed}} {
			out, err := c.UnaryCall(ctx, in, append(options, grpc.Header(&header), grpc.Trailer(&trailer))...)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(out.Payload.Body, in.Payload.Body) || !strings.HasPrefix(out.Hostname, "127.0.0.1:") {
				t.Errorf("%d bytes for %s", len(out.Payload.Body), out.Hostname)
			}
			if expected := map[bool]string{true: "h2 over tls", false: "in clear"}[w.secured]; out.Username != expected {
				t.Errorf("the caller came %s, expected %s", out.Username, expected)
			}
			isMetadata(t, header, "x-saw: a,b", "x-saw-bin: \x00\x01\xfe", "content-type: application/grpc")
			isMetadata(t, trailer, "x-last: trailer", "x-last-bin: \x00\xff")
		}
	})
}

func isMetadata(t *testing.T, m metadata.MD, pairs ...string) {
	t.Helper()
	for _, pair := range pairs {
		name, value, _ := strings.Cut(pair, ": ")
		if got := strings.Join(m.Get(name), "|"); got != value {
			t.Errorf("%s is %q, expected %q", name, got, value)
		}
	}
}

// TestGRPCErrors reads statuses that come in trailers: before any message, after some, with details, and for what does not exist.
func TestGRPCErrors(t *testing.T) {
	eachGRPC(t, func(t *testing.T, w *world, c echo.TestServiceClient, _ <-chan error) {
		no := &echo.EchoStatus{Code: int32(codes.ResourceExhausted), Message: "too much"}
		var trailer metadata.MD
		_, err := c.UnaryCall(during(t), &echo.SimpleRequest{ResponseStatus: no}, grpc.Trailer(&trailer))
		isStatus(t, err, codes.ResourceExhausted, "too much")
		isMetadata(t, trailer, "x-last: trailer")

		_, err = c.EmptyCall(during(t, "x-do", "details"), &echo.Empty{})
		isStatus(t, err, codes.FailedPrecondition, "no: ünïcode\n%")
		details := status.Convert(err).Details()
		if len(details) != 1 || details[0].(*echo.EchoStatus).Message != "detail" {
			t.Errorf("details %v", details)
		}
		_, err = c.UnimplementedCall(during(t), &echo.Empty{})
		isStatus(t, err, codes.Unimplemented, "method UnimplementedCall not implemented")

		stream, err := c.StreamingOutputCall(during(t), &echo.StreamingOutputCallRequest{ResponseParameters: []*echo.ResponseParameters{{Size: 3}}, ResponseStatus: no})
		if err != nil {
			t.Fatal(err)
		}
		if m, err := stream.Recv(); err != nil || len(m.Payload.Body) != 3 {
			t.Errorf("%v, %v", m, err)
		}
		_, err = stream.Recv()
		isStatus(t, err, codes.ResourceExhausted, "too much")
		isMetadata(t, stream.Trailer(), "x-last: trailer")
	})
}

// TestGRPCStreams streams from the server, from the client and both ways, in turns.
func TestGRPCStreams(t *testing.T) {
	sizes := []int32{0, 1, 100, 16384, 70_000, 1 << 20}
	eachGRPC(t, func(t *testing.T, w *world, c echo.TestServiceClient, _ <-chan error) {
		in := &echo.StreamingOutputCallRequest{}
		sum := int32(0)
		for _, size := range sizes {
			in.ResponseParameters = append(in.ResponseParameters, &echo.ResponseParameters{Size: size})
			sum += size
		}
		down, err := c.StreamingOutputCall(during(t), in, compressed)
		if err != nil {
			t.Fatal(err)
		}
		for _, size := range sizes {
			isMessage(t, down.Recv, size)
		}
		if _, err := down.Recv(); err != io.EOF {
			t.Errorf("in the end: %v", err)
		}
		up, err := c.StreamingInputCall(during(t))
		if err != nil {
			t.Fatal(err)
		}
		for _, size := range sizes {
			if err := up.Send(&echo.StreamingInputCallRequest{Payload: payload(size)}); err != nil {
				t.Fatal(err)
			}
		}
		if out, err := up.CloseAndRecv(); err != nil || out.AggregatedPayloadSize != sum {
			t.Errorf("%v of %d, %v", out, sum, err)
		}
		both, err := c.FullDuplexCall(during(t, "x-asked", "duplex"))
		if err != nil {
			t.Fatal(err)
		}
		for _, size := range sizes { // each waits for the one before
			if err := both.Send(&echo.StreamingOutputCallRequest{Payload: payload(size), ResponseParameters: []*echo.ResponseParameters{{Size: size}, {Size: 1}}}); err != nil {
				t.Fatal(err)
			}
			isMessage(t, both.Recv, size)
			isMessage(t, both.Recv, 1)
		}
		if err := both.CloseSend(); err != nil {
			t.Error(err)
		}
		if _, err := both.Recv(); err != io.EOF {
			t.Errorf("in the end: %v", err)
		}
		header, _ := both.Header()
		isMetadata(t, header, "x-saw: duplex")
		isMetadata(t, both.Trailer(), "x-last: trailer")
	})
}

func isMessage(t *testing.T, receive func() (*echo.StreamingOutputCallResponse, error), size int32) {
	t.Helper()
	m, err := receive()
	if err != nil || !bytes.Equal(m.GetPayload().GetBody(), noise(int(size))) {
		t.Fatalf("%d bytes of %d, %v", len(m.GetPayload().GetBody()), size, err)
	}
}

// TestGRPCEndsEarly has handlers see that a call's time is over, or that the caller has gone.
func TestGRPCEndsEarly(t *testing.T) {
	eachGRPC(t, func(t *testing.T, w *world, c echo.TestServiceClient, ends <-chan error) {
		ctx, cancel := context.WithTimeout(during(t, "x-do", "wait"), 50*time.Millisecond)
		_, err := c.EmptyCall(ctx, &echo.Empty{})
		cancel()
		isStatus(t, err, codes.DeadlineExceeded, "...")
		if err := receive(t, ends, "the handler's end"); err != context.DeadlineExceeded && err != context.Canceled {
			t.Errorf("the handler was told %v", err)
		}
		for _, call := range []func(ctx context.Context) (grpc.ClientStream, error){
			func(ctx context.Context) (grpc.ClientStream, error) { return c.FullDuplexCall(ctx) },
			func(ctx context.Context) (grpc.ClientStream, error) { return c.StreamingInputCall(ctx) },
			func(ctx context.Context) (grpc.ClientStream, error) {
				return c.StreamingOutputCall(ctx, &echo.StreamingOutputCallRequest{})
			},
		} {
			ctx, cancel := context.WithCancel(during(t, "x-do", "wait"))
			stream, err := call(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := stream.Header(); err != nil { // the handler is at work
				t.Error(err)
			}
			cancel()
			isStatus(t, stream.RecvMsg(&echo.Empty{}), codes.Canceled, "...")
			if err := receive(t, ends, "the handler's end"); err != context.Canceled {
				t.Errorf("the handler was told %v", err)
			}
		}
		if _, err := c.EmptyCall(during(t), &echo.Empty{}); err != nil { // the connection goes on
			t.Error(err)
		}
	})
}

// TestGRPCLargeMessages sends 16 MiB up and down.
func TestGRPCLargeMessages(t *testing.T) {
	eachGRPC(t, func(t *testing.T, w *world, c echo.TestServiceClient, _ <-chan error) {
		in := &echo.SimpleRequest{Payload: payload(16 << 20)}
		out, err := c.UnaryCall(during(t), in)
		if err != nil || !bytes.Equal(out.GetPayload().GetBody(), in.Payload.Body) {
			t.Errorf("%d bytes, %v", len(out.GetPayload().GetBody()), err)
		}
	})
}

// TestGRPCThousandCallsAtOnce starts a thousand calls of all kinds on one connection.
func TestGRPCThousandCallsAtOnce(t *testing.T) {
	eachGRPC(t, func(t *testing.T, w *world, c echo.TestServiceClient, _ <-chan error) {
		var all sync.WaitGroup
		ctx := during(t)
		for i := range 1000 {
			all.Go(func() {
				if err := anyCall(ctx, c, i); err != nil {
					t.Errorf("call %d: %v", i, err)
				}
			})
		}
		all.Wait()
	})
}

func anyCall(ctx context.Context, c echo.TestServiceClient, i int) error {
	body := []byte(strings.Repeat("x", i))
	if i%2 == 0 {
		out, err := c.UnaryCall(ctx, &echo.SimpleRequest{Payload: &echo.Payload{Body: body}})
		if err == nil && !bytes.Equal(out.Payload.GetBody(), body) {
			err = fmt.Errorf("%d bytes came back", len(out.Payload.GetBody()))
		}
		return err
	}
	both, err := c.FullDuplexCall(ctx)
	if err != nil {
		return err
	}
	for range 3 {
		if err := both.Send(&echo.StreamingOutputCallRequest{Payload: &echo.Payload{Body: body}, ResponseParameters: []*echo.ResponseParameters{{Size: int32(i)}}}); err != nil {
			return err
		}
		m, err := both.Recv()
		if err != nil {
			return err
		}
		if len(m.Payload.GetBody()) != i {
			return fmt.Errorf("%d bytes came back", len(m.Payload.GetBody()))
		}
	}
	if err := both.CloseSend(); err != nil {
		return err
	}
	if _, err := both.Recv(); err != io.EOF {
		return fmt.Errorf("in the end: %w", err)
	}
	return nil
}

// TestGRPCRefusesWhatIsNone asks the handler of gRPC for what it does not do: another method, type or version.
func TestGRPCRefusesWhatIsNone(t *testing.T) {
	each(t, []version{h1, h2}, func(t *testing.T, w *world) {
		h, _ := grpcServer(t)
		url := w.serve(t, h) + "/grpc.testing.TestService/EmptyCall"
		rt := w.transport(t)
		ask(t, rt, "GET", url, nil).is(t, http.StatusMethodNotAllowed, "invalid gRPC request method \"GET\"\n")
		ask(t, rt, "POST", url, nil).is(t, http.StatusUnsupportedMediaType, "...")
		if w.major == 1 {
			ask(t, rt, "POST", url, nil, "Content-Type: application/grpc").is(t, http.StatusHTTPVersionNotSupported, "gRPC requires HTTP/2\n")
			return
		}
		a := ask(t, rt, "POST", url, bytes.NewReader(make([]byte, 5)), "Content-Type: application/grpc", "TE: trailers")
		a.is(t, 200, "\x00\x00\x00\x00\x00")
		hasFields(t, "the trailer section", a.Trailer, "Grpc-Status: 0", "X-Last: trailer")
	})
}
