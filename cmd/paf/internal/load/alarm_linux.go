package load

import (
	"encoding/binary"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A precise alarm is good to some 50 us. Go's own timers are not: with nothing to do the runtime waits for whole milliseconds.
type precise struct {
	file *os.File
	raw  syscall.RawConn
}

// newAlarm makes an alarm of a timer that is a file, which the runtime waits for as for a socket.
func newAlarm() (alarm, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("timerfd_create", err)
	}
	a := &precise{file: os.NewFile(uintptr(fd), "timer")}
	a.raw, err = a.file.SyscallConn()
	return a, err
}

// sleep implements alarm.
func (a *precise) sleep(ns int64) {
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

// close implements alarm.
func (a *precise) close() { _ = a.file.Close() }
