package nethttp

import (
	"fmt"
	"reflect"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/h2"
)

// A streamError is the end of one stream of HTTP/2. It reads as net/http's does, and fills in golang.org/x/net/http2.StreamError when a program
// asks errors.As for one: that is how programs look for the code.
type streamError struct {
	StreamID uint32
	Code     uint32
	Cause    error
}

// Error says which stream, and the name of its code.
func (e *streamError) Error() string {
	name := codeNames[engine.Code(e.Code)]
	if name == "" {
		name = fmt.Sprintf("unknown error code 0x%x", e.Code)
	}
	return fmt.Sprintf("stream error: stream ID %d; %s; %v", e.StreamID, name, e.Cause)
}

// Unwrap returns what paf says about it.
func (e *streamError) Unwrap() error { return e.Cause }

// As fills in a struct that is named and made as x/net's StreamError.
func (e *streamError) As(target any) bool {
	to := reflect.ValueOf(target).Elem()
	if to.Kind() != reflect.Struct || to.Type().Name() != "StreamError" {
		return false
	}
	from := reflect.ValueOf(e).Elem()
	for i := range from.NumField() {
		field := to.FieldByName(from.Type().Field(i).Name)
		if !field.IsValid() || !from.Field(i).CanConvert(field.Type()) {
			return false
		}
	}
	for i := range from.NumField() {
		field := to.FieldByName(from.Type().Field(i).Name)
		field.Set(from.Field(i).Convert(field.Type()))
	}
	return true
}

// The names of RFC 9113, Section 7.
var codeNames = map[engine.Code]string{
	h2.NoError: "NO_ERROR", h2.ProtocolError: "PROTOCOL_ERROR", h2.InternalError: "INTERNAL_ERROR", h2.FlowControlError: "FLOW_CONTROL_ERROR",
	h2.SettingsTimeout: "SETTINGS_TIMEOUT", h2.StreamClosed: "STREAM_CLOSED", h2.FrameSizeError: "FRAME_SIZE_ERROR",
	h2.RefusedStream: "REFUSED_STREAM", h2.Cancel: "CANCEL", h2.CompressionError: "COMPRESSION_ERROR", h2.ConnectError: "CONNECT_ERROR",
	h2.EnhanceYourCalm: "ENHANCE_YOUR_CALM", h2.InadequateSecurity: "INADEQUATE_SECURITY", h2.HTTP11Required: "HTTP_1_1_REQUIRED",
}
