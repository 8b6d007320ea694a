package flowtest

import (
	"errors"
	"fmt"
	"io"
	"os"
	"testing"
	"time"

	"github.com/paf-go/paf/flow"
)

// Patience is how long a step of the test may take before it counts as stuck.
const patience = 20 * time.Second

// An Open returns the two connected ends of a new flow. It registers with
// t.Cleanup what has to be undone beyond closing both, which the test does.
type Open func(t testing.TB) (a, b flow.Flow)

// Run runs the whole test as subtests of t, each on a flow of its own and in both
// directions. Subtests of a power that the flow does not have are skipped and say so.
func Run(t *testing.T, open Open) {
	for _, test := range tests {
		t.Run(test.claim, func(t *testing.T) {
			a, b := open(t)
			runOne(t, test, a, b)
		})
		t.Run(test.claim+"/Reversed", func(t *testing.T) {
			a, b := open(t)
			runOne(t, test, b, a)
		})
	}
}

func runOne(t *testing.T, test test, a, b flow.Flow) {
	e := &ends{a: a, b: b, powers: flow.PowersOf(a)}
	t.Cleanup(func() {
		// Not one after the other: a farewell may wait to be read.
		go func() { _ = a.Close() }()
		_ = b.Close()
	})
	if test.power != nil && !test.power(e.powers) {
		t.Skip("NOT TESTED: the flow does not have this power")
	}
	done := make(chan error, 1)
	go func() { done <- test.run(e) }()
	select {
	case err := <-done:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(patience):
		t.Fatalf("stuck for %v", patience)
	}
}

// A test is a claim about a and its peer b.
type test struct {
	claim string
	power func(flow.Powers) bool // that the test needs; nil if none
	run   func(*ends) error
}

type ends struct {
	a, b   flow.Flow
	powers flow.Powers // of a
}

var tests = []test{
	{"BytesArriveWholeAndInOrder", nil, bytesArrive},
	{"BothDirectionsGoAtOnce", nil, bothDirections},
	{"WriteKeepsNoReference", nil, writeKeepsNothing},
	{"EmptyWriteIsNothing", nil, emptyWrite},
	{"CloseGivesThePeerEOFAfterTheBytes", nil, closeGivesEOF},
	{"CloseUnblocksRead", nil, closeUnblocksRead},
	{"CloseUnblocksWrite", nil, closeUnblocksWrite},
	{"CloseTwiceIsHarmless", nil, closeTwice},
	{"AfterCloseNothingWorks", nil, afterClose},
	{"WriteFailsOncePeerIsGone", nil, writeToNobody},

	{"CloseWriteEndsOneDirection", canCloseWrite, closeWriteEndsOne},
	{"WriteAfterCloseWriteFails", canCloseWrite, writeAfterCloseWrite},
	{"CloseReadEndsReading", canCloseRead, closeReadEndsReading},
	{"ReadDeadlineInterrupts", canReadDeadline, readDeadlineInterrupts},
	{"ReadDeadlineLosesNothing", canReadDeadline, readDeadlineLosesNothing},
	{"PastReadDeadlineFailsAtOnce", canReadDeadline, pastReadDeadline},
	{"ZeroReadDeadlineIsNone", canReadDeadline, zeroReadDeadline},
	{"WriteDeadlineInterrupts", canWriteDeadline, writeDeadlineInterrupts},
	{"DeadlinesMayBeSetDuringUse", canReadDeadline, deadlinesDuringUse},
	{"PiecesArriveInOrder", canWriteVec, piecesArrive},
	{"ReadFromTakesWhatTheReaderHas", canReadFrom, readFromReader},
	{"ReadFromTakesAFile", canReadFrom, readFromFile},
	{"TheEndsAgreeOnAddresses", canAddress, addressesAgree},
	{"ADescriptorIsGiven", canPoll, descriptorIsGiven},
}

func canCloseWrite(p flow.Powers) bool    { return p.CloseWriter != nil }
func canCloseRead(p flow.Powers) bool     { return p.CloseReader != nil }
func canReadDeadline(p flow.Powers) bool  { return p.ReadDeadline != nil }
func canWriteDeadline(p flow.Powers) bool { return p.WriteDeadline != nil }
func canWriteVec(p flow.Powers) bool      { return p.VecWriter != nil }
func canReadFrom(p flow.Powers) bool      { return p.ReaderFrom != nil }
func canAddress(p flow.Powers) bool       { return p.Peer != nil && p.Local != nil }
func canPoll(p flow.Powers) bool          { return p.Pollable != nil }

// wantBytes reads just len(want) bytes from r.
func wantBytes(r io.Reader, want string) error {
	got := make([]byte, len(want))
	if _, err := io.ReadFull(r, got); err != nil {
		return fmt.Errorf("reading %q: %w", want, err)
	}
	if string(got) != want {
		return fmt.Errorf("read %q, want %q", got, want)
	}
	return nil
}

// wantEOF reads the end, and reads it again.
func wantEOF(r io.Reader) error {
	var p [8]byte
	for range 2 {
		if n, err := readSome(r, p[:]); n != 0 || err != io.EOF {
			return fmt.Errorf("read %d bytes and error %v at the end, want io.EOF", n, err)
		}
	}
	return nil
}

// wantBroken reads an end that is not io.EOF.
func wantBroken(r io.Reader) error {
	var p [8]byte
	if n, err := readSome(r, p[:]); n != 0 || err == nil || err == io.EOF {
		return fmt.Errorf("read %d bytes and error %v, want an error that is not io.EOF", n, err)
	}
	return nil
}

func wantTimeout(err error) error {
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("error %v, want os.ErrDeadlineExceeded", err)
	}
	return nil
}

// readSome is Read without the empty reads that io.Reader allows.
func readSome(r io.Reader, p []byte) (n int, err error) {
	for n == 0 && err == nil {
		n, err = r.Read(p)
	}
	return n, err
}

// async runs f on a goroutine of its own and returns what will hold its result.
func async(f func() error) <-chan error {
	done := make(chan error, 1)
	go func() { done <- f() }()
	return done
}
