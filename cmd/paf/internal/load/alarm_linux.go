package load

import (
	"encoding/binary"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// An alarm wakes its goroutine to some 50 us. Go's own timers would not: with nothing to do the runtime waits for whole milliseconds.
type alarm struct {
	file *os.File
	raw  syscall.RawConn
	fd   int
}

// newAlarm makes an alarm of a timer that is a file, which the runtime waits for as for a socket.
func newAlarm() (alarm, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return alarm{}, os.NewSyscallError("timerfd_create", err)
	}
	a := alarm{file: os.NewFile(uintptr(fd), "timer"), fd: fd}
	a.raw, err = a.file.SyscallConn()
	return a, err
}

// sleep returns after ns nanoseconds, or when the alarm is closed.
func (a *alarm) sleep(ns int64) {
	if ns <= 0 {
		return
	}
	set := false
	_ = a.raw.Read(func(fd uintptr) bool {
		if !set {
			set = true
			spec := unix.ItimerSpec{Value: unix.NsecToTimespec(ns)}
			if unix.TimerfdSettime(int(fd), 0, &spec, nil) != nil {
				time.Sleep(time.Duration(ns))
				return true
			}
			return false
		}
		var fired [8]byte
		_, err := unix.Read(int(fd), fired[:])
		return err != unix.EAGAIN || binary.NativeEndian.Uint64(fired[:]) > 0
	})
}

// close wakes the sleeper.
func (a *alarm) close() { _ = a.file.Close() }
