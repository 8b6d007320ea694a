package programs

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding/gzip"
	echo "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
)

// A testService is the one of grpc's own tests of interoperability. What it is to do comes with the messages, and in the field x-do.
type testService struct {
	echo.UnimplementedTestServiceServer
	ends chan error // why the handlers ended that were told to wait
}

// greet answers with the metadata of a call, in the header and in the trailer, and waits if it is told so.
func (s *testService) greet(ctx context.Context) error {
	in, _ := metadata.FromIncomingContext(ctx)
	if err := grpc.SetHeader(ctx, metadata.Pairs("x-saw", strings.Join(in.Get("x-asked"), ","), "x-saw-bin", strings.Join(in.Get("x-asked-bin"), ","))); err != nil {
		return err
	}
	if err := grpc.SetTrailer(ctx, metadata.Pairs("x-last", "trailer", "x-last-bin", "\x00\xff")); err != nil {
		return err
	}
	switch strings.Join(in.Get("x-do"), "") {
	case "wait":
		if err := grpc.SendHeader(ctx, nil); err != nil {
			return err
		}
		<-ctx.Done()
		s.ends <- ctx.Err()
		return status.FromContextError(ctx.Err()).Err()
	case "details":
		st, err := status.New(codes.FailedPrecondition, "no: ünïcode\n%").WithDetails(&echo.EchoStatus{Code: 7, Message: "detail"})
		if err != nil {
			return err
		}
		return st.Err()
	}
	return nil
}

func failure(s *echo.EchoStatus) error {
	if s == nil {
		return nil
	}
	return status.Error(codes.Code(s.Code), s.Message)
}

func payload(size int32) *echo.Payload { return &echo.Payload{Body: noise(int(size))} }

func (s *testService) EmptyCall(ctx context.Context, in *echo.Empty) (*echo.Empty, error) {
	return in, s.greet(ctx)
}

// UnaryCall answers with the payload it gets, or one of the size that is asked for. It tells where the caller is.
func (s *testService) UnaryCall(ctx context.Context, in *echo.SimpleRequest) (*echo.SimpleResponse, error) {
	if err := s.greet(ctx); err != nil {
		return nil, err
	}
	if in.ResponseStatus != nil {
		return nil, failure(in.ResponseStatus)
	}
	out := &echo.SimpleResponse{Payload: in.Payload}
	if in.ResponseSize > 0 {
		out.Payload = payload(in.ResponseSize)
	}
	if p, ok := peer.FromContext(ctx); ok && in.FillUsername {
		out.Username = "in clear"
		if info, ok := p.AuthInfo.(credentials.TLSInfo); ok {
			out.Username = info.State.NegotiatedProtocol + " over " + info.AuthType()
		}
		out.Hostname = p.Addr.String()
	}
	return out, nil
}

func (s *testService) StreamingOutputCall(in *echo.StreamingOutputCallRequest, out echo.TestService_StreamingOutputCallServer) error {
	if err := s.greet(out.Context()); err != nil {
		return err
	}
	for _, p := range in.ResponseParameters {
		if err := out.Send(&echo.StreamingOutputCallResponse{Payload: payload(p.Size)}); err != nil {
			return err
		}
	}
	return failure(in.ResponseStatus)
}

func (s *testService) StreamingInputCall(in echo.TestService_StreamingInputCallServer) error {
	if err := s.greet(in.Context()); err != nil {
		return err
	}
	sum := 0
	for {
		m, err := in.Recv()
		if err == io.EOF {
			return in.SendAndClose(&echo.StreamingInputCallResponse{AggregatedPayloadSize: int32(sum)})
		}
		if err != nil {
			return err
		}
		sum += len(m.GetPayload().GetBody())
	}
}

func (s *testService) FullDuplexCall(both echo.TestService_FullDuplexCallServer) error {
	if err := s.greet(both.Context()); err != nil {
		return err
	}
	for {
		m, err := both.Recv()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		for _, p := range m.ResponseParameters {
			if err := both.Send(&echo.StreamingOutputCallResponse{Payload: payload(p.Size)}); err != nil {
				return err
			}
		}
		if m.ResponseStatus != nil {
			return failure(m.ResponseStatus)
		}
	}
}

// grpcServer returns what answers to gRPC until the test ends.
func grpcServer(t *testing.T) (h http.Handler, ends <-chan error) {
	all := make(chan error, 10)
	s := grpc.NewServer(grpc.MaxRecvMsgSize(64<<20), grpc.MaxSendMsgSize(64<<20))
	echo.RegisterTestServiceServer(s, &testService{ends: all})
	t.Cleanup(s.Stop)
	return s, all
}

// eachGRPC runs a test with a client of grpc-go's own, which has its own HTTP/2.
func eachGRPC(t *testing.T, f func(t *testing.T, w *world, c echo.TestServiceClient, ends <-chan error)) {
	eachServer(t, []version{h2, h2c}, func(t *testing.T, w *world) {
		h, ends := grpcServer(t)
		url := w.serve(t, h)
		f(t, w, grpcClient(t, w, url), ends)
	})
}

func grpcClient(t *testing.T, w *world, url string, options ...grpc.DialOption) echo.TestServiceClient {
	t.Helper()
	secrets := insecure.NewCredentials()
	if w.secured {
		secrets = credentials.NewTLS(w.trust())
	}
	_, target, _ := strings.Cut(url, "://")
	options = append(options, grpc.WithTransportCredentials(secrets), grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(64<<20), grpc.MaxCallSendMsgSize(64<<20)))
	c, err := grpc.NewClient("passthrough:///"+target, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return echo.NewTestServiceClient(c)
}

// during returns the context of a call, with metadata.
func during(t *testing.T, pairs ...string) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return metadata.AppendToOutgoingContext(ctx, pairs...)
}

func isStatus(t *testing.T, err error, code codes.Code, message string) {
	t.Helper()
	if s := status.Convert(err); s.Code() != code || message != "..." && s.Message() != message {
		t.Errorf("%v %q, expected %v %q", s.Code(), s.Message(), code, message)
	}
}

var compressed = grpc.UseCompressor(gzip.Name)
