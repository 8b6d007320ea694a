package load

import (
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A precise alarm is good to some 50 us. Go's own timers are not: with nothing to do the runtime waits for whole milliseconds.
type precise struct {
	file *os.File
	raw  syscall.RawConn

	ns    int64                 // how long to wait, as long as the timer is not set
	spec  unix.ItimerSpec       // of that
	fired [8]byte               // how often it has fired
	wait  func(fd uintptr) bool // waits, made once
}

// newAlarm makes an alarm of a timer that is a file, which the runtime waits for as for a socket.
func newAlarm() (alarm, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("timerfd_create", err)
	}
	a := &precise{file: os.NewFile(uintptr(fd), "timer")}
	a.wait = a.waits
	a.raw, err = a.file.SyscallConn()
	return a, err
}

// sleep implements alarm.
func (a *precise) sleep(ns int64) {
	if ns <= 0 {
		return
	}
	a.ns = ns
	_ = a.raw.Read(a.wait)
}

// waits sets the timer when it is called first, and then reports whether it has fired.
func (a *precise) waits(fd uintptr) bool {
	if a.ns > 0 {
		a.spec = unix.ItimerSpec{Value: unix.NsecToTimespec(a.ns)}
		err := unix.TimerfdSettime(int(fd), 0, &a.spec, nil)
		if err != nil {
			time.Sleep(time.Duration(a.ns))
		}
		a.ns = 0
		return err != nil
	}
	_, err := unix.Read(int(fd), a.fired[:])
	return err != unix.EAGAIN
}

// close implements alarm.
func (a *precise) close() { _ = a.file.Close() }
