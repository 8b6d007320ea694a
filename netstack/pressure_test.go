package netstack_test

import (
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/paf-go/paf/netstack"
)

// slow is a carrier that takes a packet only when it may.
type slow struct {
	io.ReadWriteCloser
	may  chan struct{} // a packet
	free chan struct{} // closed when all may pass
}

func newSlow(l *netstack.Link) *slow {
	s := &slow{l.Carrier, make(chan struct{}), make(chan struct{})}
	l.Carrier = s
	return s
}

func (s *slow) Write(p []byte) (int, error) {
	select {
	case <-s.may:
	case <-s.free:
	}
	return s.ReadWriteCloser.Write(p)
}

// every lets a packet pass each so often, until stop is closed.
func (s *slow) every(pause time.Duration, stop <-chan struct{}) {
	for {
		select {
		case s.may <- struct{}{}:
			time.Sleep(pause)
		case <-stop:
			return
		}
	}
}

// TestASlowCarrierSlowsItsSendersAndLosesNothing has twenty connections send at once what is many times the queue, to
// a carrier that takes a packet each 50 µs.
func TestASlowCarrierSlowsItsSendersAndLosesNothing(t *testing.T) {
	a, b := netstack.Pair()
	a.MTU, b.MTU, a.Queue = 1500, 1500, 16<<10
	carrier := newSlow(&a)
	go carrier.every(50*time.Microsecond, carrier.free)
	one, two := stacksOn(t, a, b)
	defer close(carrier.free)
	transfers(t, one, two)
	if st := one.Stats(); st.Dropped != 0 || st.Failed != 0 {
		t.Errorf("%+v: something was dropped", st)
	}
}

// transfer sends bytes from one end to the other and compares digests.
func transfer(from, to net.Conn, size int, seed uint64) error {
	p := make([]byte, size)
	r := rand.NewChaCha8([32]byte{byte(seed)})
	_, _ = r.Read(p)
	go func() {
		_, _ = from.Write(p)
		_ = from.Close()
	}()
	sum := sha256.New()
	n, err := io.Copy(sum, to)
	_ = to.Close()
	if err == nil && (n != int64(size) || [32]byte(sum.Sum(nil)) != sha256.Sum256(p)) {
		err = errors.New("what arrived is not what was sent")
	}
	return err
}

// TestAnswersDoNotWaitForRoom holds the carrier of one stack, and fills its queue. It still reads: else two such stacks would wait for each
// other for ever.
func TestAnswersDoNotWaitForRoom(t *testing.T) {
	a, b := netstack.Pair()
	a.Queue = 8 << 10
	carrier := newSlow(&a)
	one, two := stacksOn(t, a, b)
	c, err := two.Dial("udp", net.JoinHostPort(oneV4, "9")) // where nobody listens: each datagram is answered by an error
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	before, begun := one.Stats(), time.Now()
	const datagrams = 1000
	for range datagrams {
		_, _ = c.Write(make([]byte, 500))
	}
	await(t, func() bool { return one.Stats().Received-before.Received == datagrams })
	if st := one.Stats(); st.Dropped == 0 {
		t.Errorf("%+v: what became of the answers?", st)
	}
	if took := time.Since(begun); took > 2500*time.Millisecond { // a broken line is waited for for three seconds
		t.Errorf("it took %v to read %d datagrams", took, datagrams)
	}
	close(carrier.free)
}

// await waits until something holds.
func await(t testing.TB, holds func() bool) {
	t.Helper()
	for until := time.Now().Add(20 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(until) {
			t.Fatal("it does not come to hold")
		}
	}
}

// TestABrokenLineIsNotWaitedForForEver stops the carrier altogether. After three seconds a Write that
// waits for the queue is let go, and when the line works again TCP sends what was lost.
func TestABrokenLineIsNotWaitedForForEver(t *testing.T) {
	a, b := netstack.Pair()
	a.MTU, b.MTU, a.Queue = 1500, 1500, 8<<10
	carrier := newSlow(&a)
	connected := make(chan struct{})
	go carrier.every(0, connected)
	one, two := stacksOn(t, a, b)
	from, to := connect(t, one, two, twoV4)
	close(connected)
	done := make(chan error, 1)
	go func() { done <- transfer(from, to, 512<<10, 1) }()
	await(t, func() bool { return one.Stats().Dropped > 0 })
	close(carrier.free)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestWhatACarrierRefusesIsSentAgain(t *testing.T) {
	a, b := netstack.Pair()
	a.MTU, b.MTU = 1500, 1500
	flaky := &flaky{ReadWriteCloser: a.Carrier}
	a.Carrier = flaky
	one, two := stacksOn(t, a, b)
	from, to := connect(t, one, two, twoV4)
	if err := transfer(from, to, 1<<20, 3); err != nil {
		t.Error(err)
	}
	if st := one.Stats(); st.Failed == 0 || st.Retransmitted == 0 {
		t.Errorf("%+v: nothing was refused", st)
	}
}

// flaky is a carrier that refuses each hundredth packet.
type flaky struct {
	io.ReadWriteCloser
	n int
}

func (f *flaky) Write(p []byte) (int, error) {
	if f.n++; f.n%100 == 0 {
		return 0, errors.New("no buffer space")
	}
	return f.ReadWriteCloser.Write(p)
}

// TestOneConnectionFillsALongPath has a round trip of 200 ms, on which one connection must have more on its way than the MiB that its
// buffers begin with.
func TestOneConnectionFillsALongPath(t *testing.T) {
	a, b := netstack.Pair()
	path := newLossy(a.Carrier, weather{delay: 100 * time.Millisecond}, 1)
	a.Carrier = path
	one, two := stacksOn(t, a, b)
	from, to := connect(t, one, two, twoV6)
	begun := time.Now()
	if err := transfer(from, to, 24<<20, 4); err != nil {
		t.Fatal(err)
	}
	took := time.Since(begun)
	most := path.out.peak() // acknowledgements still leave
	t.Logf("24 MiB took %v, %.0f round trips; at most %d KiB were on their way", took, took.Seconds()/.2, most>>10)
	if most < 2<<20 {
		t.Errorf("at most %d bytes were on their way: the window holds them up", most)
	}
}

// transfers has twenty connections move something at once.
func transfers(t *testing.T, one, two *netstack.Stack) {
	t.Helper()
	var group sync.WaitGroup
	for i := range 20 {
		from, to := connect(t, one, two, []string{twoV4, twoV6}[i%2])
		group.Go(func() {
			if err := transfer(from, to, 256<<10, uint64(i)); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
}

// TestWhatIsLostDelayedAndOvertakenArrives is over a bad line, in both directions.
func TestWhatIsLostDelayedAndOvertakenArrives(t *testing.T) {
	a, b := netstack.Pair()
	a.MTU, b.MTU = 1500, 1500
	line := newLossy(a.Carrier, weather{delay: 20 * time.Millisecond, loss: .02, late: .05, lateFor: 5 * time.Millisecond}, 7)
	a.Carrier = line
	one, two := stacksOn(t, a, b)
	transfers(t, one, two)
	if line.in.losses() == 0 || line.out.losses() == 0 {
		t.Error("nothing was lost")
	}
}
