package engine_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/paf-go/paf/engine"
)

func TestOutputKeepsTheOrderOfBytesAndSegments(t *testing.T) {
	for _, segmentMin := range []int{0, 1, 5, 1000} {
		o := engine.Output{SegmentMin: segmentMin}
		var want bytes.Buffer
		for i := range 20 {
			head, content := fmt.Sprintf("<%d>", i), []byte(strings.Repeat("x", i))
			o.Buf = append(o.Buf, head...)
			o.Content(content)
			want.WriteString(head)
			want.Write(content)
		}
		if got := bytes.Join(o.AppendTo(nil), nil); !bytes.Equal(got, want.Bytes()) || o.Len() != want.Len() {
			t.Errorf("from %d on: %q", segmentMin, got)
		}
		if o.Segmented() != (segmentMin == 1 || segmentMin == 5) {
			t.Errorf("from %d on: segmented %t", segmentMin, o.Segmented())
		}
		o.Reset()
		if o.Len() != 0 || o.Segmented() || len(o.AppendTo(nil)) != 0 {
			t.Error("Reset leaves something")
		}
	}
}

func TestErrorsAreComparedByWhatTheTargetSets(t *testing.T) {
	e := &engine.Error{Blame: engine.Peer, Scope: engine.Connection, Rule: engine.RuleTruncated, Status: 400, Err: io.ErrUnexpectedEOF}
	wrapped := fmt.Errorf("reading: %w", e)
	for target, want := range map[*engine.Error]bool{
		{}: true, {Blame: engine.Peer}: true, {Blame: engine.Caller}: false, {Rule: engine.RuleTruncated, Status: 400}: true,
		{Rule: engine.RuleTimeout}: false, {Scope: engine.Message}: false, {Status: 408}: false, {Code: 1}: false,
	} {
		if errors.Is(wrapped, target) != want {
			t.Errorf("is %+v: %t", target, !want)
		}
	}
	if !errors.Is(wrapped, io.ErrUnexpectedEOF) || e.Timeout() || !(&engine.Error{Rule: engine.RuleTimeout}).Timeout() || !(&engine.Error{Rule: engine.RuleStall}).Timeout() {
		t.Error("the cause or Timeout is wrong")
	}
	if s := e.Error(); !strings.HasPrefix(s, "peer: RFC 9110") || !strings.HasSuffix(s, "unexpected EOF") {
		t.Errorf("it says %q", s)
	}
}

func TestShortestLooksAtEachTimeout(t *testing.T) {
	if d := (engine.Limits{}).Shortest(); d != 10*time.Second {
		t.Errorf("of the defaults it is %v", d)
	}
	for name, l := range map[string]engine.Limits{
		"head": {HeadTimeout: 1}, "idle": {IdleTimeout: 1}, "content": {ContentTimeout: 1}, "response": {ResponseTimeout: 1}, "stall": {StallTimeout: 1},
	} {
		if d := l.Shortest(); d != 1 {
			t.Errorf("the time-out for %s is left out: %v", name, d)
		}
	}
	none := engine.Limits{HeadTimeout: -1, IdleTimeout: -1, ContentTimeout: -1, ResponseTimeout: -1, StallTimeout: -1}
	if d := none.Shortest(); d != math.MaxInt64 {
		t.Errorf("of none it is %v", d)
	}
}

func TestZeroLimitsAreSafeAndNegativeOnesAreNone(t *testing.T) {
	l := engine.Limits{}.WithDefaults()
	if l.HeadBytes != 64<<10 || l.Fields != 128 || l.HeadTimeout != 10*time.Second || l.ContentProgress != 1 {
		t.Errorf("defaults %+v", l)
	}
	if l.ContentBytes < 1<<62 || l.ResponseTimeout < 1<<62 {
		t.Errorf("content of %d bytes, a response within %v", l.ContentBytes, l.ResponseTimeout)
	}
	l = engine.Limits{HeadBytes: -1, IdleTimeout: -1, Fields: 7}.WithDefaults()
	if l.HeadBytes < math.MaxInt/2 || l.IdleTimeout < 1<<62 || l.Fields != 7 {
		t.Errorf("no limits: %+v", l)
	}
	if again := l.WithDefaults(); again != l {
		t.Errorf("defaults of defaults: %+v", again)
	}
}
