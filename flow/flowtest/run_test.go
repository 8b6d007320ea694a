package flowtest

import (
	"bytes"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/paf-go/paf/flow"
)

// Each of these flows breaks one promise: the claim that names it must fail.
func TestEachClaimCatchesItsFlow(t *testing.T) {
	for _, c := range []struct {
		claim  string
		broken func(*flow.PipeEnd) flow.Flow
	}{
		{"BytesArriveWholeAndInOrder", func(e *flow.PipeEnd) flow.Flow { return flipping{e} }},
		{"BothDirectionsGoAtOnce", func(e *flow.PipeEnd) flow.Flow { return flipping{e} }},
		{"WriteKeepsNoReference", func(e *flow.PipeEnd) flow.Flow { return &keeping{PipeEnd: e} }},
		{"EmptyWriteIsNothing", func(e *flow.PipeEnd) flow.Flow { return chatty{e} }},
		{"CloseGivesThePeerEOFAfterTheBytes", func(e *flow.PipeEnd) flow.Flow { return resetting{e} }},
		{"CloseUnblocksRead", func(e *flow.PipeEnd) flow.Flow { return polite{e} }},
		{"CloseUnblocksWrite", func(e *flow.PipeEnd) flow.Flow { return endless{e} }},
		{"CloseTwiceIsHarmless", func(e *flow.PipeEnd) flow.Flow { return deaf{e} }},
		{"AfterCloseNothingWorks", func(e *flow.PipeEnd) flow.Flow { return polite{e} }},
		{"WriteFailsOncePeerIsGone", func(e *flow.PipeEnd) flow.Flow { return endless{e} }},
		{"CloseWriteEndsOneDirection", func(e *flow.PipeEnd) flow.Flow { return wholly{e} }},
		{"WriteAfterCloseWriteFails", func(e *flow.PipeEnd) flow.Flow { return endless{e} }},
		{"CloseReadEndsReading", func(e *flow.PipeEnd) flow.Flow { return wholly{e} }},
		{"ReadDeadlineInterrupts", func(e *flow.PipeEnd) flow.Flow { return timeless{e} }},
		{"ReadDeadlineLosesNothing", func(e *flow.PipeEnd) flow.Flow { return oneShot{e} }},
		{"PastReadDeadlineFailsAtOnce", func(e *flow.PipeEnd) flow.Flow { return timeless{e} }},
		{"ZeroReadDeadlineIsNone", func(e *flow.PipeEnd) flow.Flow { return oneShot{e} }},
		{"WriteDeadlineInterrupts", func(e *flow.PipeEnd) flow.Flow { return timeless{e} }},
		{"DeadlinesMayBeSetDuringUse", func(e *flow.PipeEnd) flow.Flow { return flipping{e} }},
		{"PiecesArriveInOrder", func(e *flow.PipeEnd) flow.Flow { return backwards{e} }},
		{"ReadFromTakesWhatTheReaderHas", func(e *flow.PipeEnd) flow.Flow { return greedy{e} }},
		{"ReadFromTakesAFile", func(e *flow.PipeEnd) flow.Flow { return greedy{e} }},
		{"TheEndsAgreeOnAddresses", func(e *flow.PipeEnd) flow.Flow {
			return lost{e}
		}},
	} {
		t.Run(c.claim, func(t *testing.T) {
			t.Parallel()
			claim := find(t, c.claim)
			a, b := flow.Pipe(0)
			broken := c.broken(a)
			e := &ends{a: broken, b: b, powers: flow.PowersOf(broken)}
			if claim.power != nil && !claim.power(e.powers) {
				t.Fatal("the broken flow lacks the power")
			}
			failed := async(func() error { return claim.run(e) })
			select {
			case err := <-failed:
				if err == nil {
					t.Error("the claim holds on a flow that breaks it")
				}
			case <-time.After(time.Second): // stuck, as some faults show
			}
			a.Close()
			b.Close()
		})
	}
}

func find(t *testing.T, claim string) test {
	t.Helper()
	for _, test := range tests {
		if test.claim == claim {
			return test
		}
	}
	t.Fatal("no such claim")
	return test{}
}

// flipping changes a byte in the middle of the first long read.
type flipping struct{ *flow.PipeEnd }

func (f flipping) Write(p []byte) (int, error) {
	q := bytes.Clone(p)
	if len(q) > 100 {
		q[50] ^= 1
	}
	return f.PipeEnd.Write(q)
}

func (f flipping) Read(p []byte) (int, error) {
	n, err := f.PipeEnd.Read(p)
	if n > 100 {
		p[50] ^= 1
	}
	return n, err
}

// keeping writes only later.
type keeping struct {
	*flow.PipeEnd
	kept []byte
}

func (k *keeping) Write(p []byte) (int, error) {
	k.kept = p
	time.AfterFunc(20*time.Millisecond, func() { k.PipeEnd.Write(k.kept) })
	return len(p), nil
}

// chatty puts something on the flow for an empty write.
type chatty struct{ *flow.PipeEnd }

func (c chatty) Write(p []byte) (int, error) {
	if len(p) == 0 {
		c.PipeEnd.Write([]byte{0})
	}
	return c.PipeEnd.Write(p)
}

// resetting loses on Close what was written.
type resetting struct{ *flow.PipeEnd }

func (r resetting) Close() error { return r.Reset() }

// polite says EOF after its own Close.
type polite struct{ *flow.PipeEnd }

func (p polite) Read(b []byte) (int, error) {
	n, err := p.PipeEnd.Read(b)
	if err != nil {
		err = io.EOF
	}
	return n, err
}

// endless never fails to write.
type endless struct{ *flow.PipeEnd }

func (endless) Write(p []byte) (int, error) { return len(p), nil }

// deaf cannot be closed.
type deaf struct{ *flow.PipeEnd }

func (deaf) Close() error { return errors.New("no") }

// wholly closes both directions for one.
type wholly struct{ *flow.PipeEnd }

func (w wholly) CloseWrite() error { return w.Close() }
func (w wholly) CloseRead() error  { return w.Close() }

// timeless takes no notice of deadlines.
type timeless struct{ *flow.PipeEnd }

func (timeless) SetReadDeadline(time.Time) error  { return nil }
func (timeless) SetWriteDeadline(time.Time) error { return nil }

// oneShot closes when a deadline passes.
type oneShot struct{ *flow.PipeEnd }

func (o oneShot) SetReadDeadline(t time.Time) error {
	if t.IsZero() {
		return nil
	}
	return o.PipeEnd.SetReadDeadline(t)
}

// backwards writes the pieces the other way round.
type backwards struct{ *flow.PipeEnd }

func (b backwards) WriteVec(bufs [][]byte) (sum int64, err error) {
	for i := range bufs {
		n, err := b.Write(bufs[len(bufs)-1-i])
		sum += int64(n)
		if err != nil {
			return sum, err
		}
	}
	return sum, nil
}

// greedy sends one byte too few.
type greedy struct{ *flow.PipeEnd }

func (g greedy) ReadFrom(r io.Reader) (int64, error) {
	p, err := io.ReadAll(r)
	if err != nil {
		return 0, err
	}
	n, err := g.Write(p[1:])
	return int64(n), err
}

// lost thinks that it is where its peer is.
type lost struct{ *flow.PipeEnd }

func (l lost) LocalAddr() net.Addr { return l.RemoteAddr() }
