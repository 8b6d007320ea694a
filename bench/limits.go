package main

import (
	"fmt"
	"syscall"
	"time"
)

// raiseFileLimit lets this process, and those it starts, have as many open files as the system allows. Go
// does that for itself only: it gives its children the limit back that it was started with, unless the limit was set
// like this.
func raiseFileLimit() {
	var l syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l) == nil {
		l.Cur = l.Max
		_ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &l) // enoughFiles tells if it was not enough
	}
}

// enoughFiles returns an error if a process may not have that many connections.
func enoughFiles(conns int) error {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return err
	}
	if need := uint64(conns) + 200; uint64(l.Cur) < need {
		return fmt.Errorf("%d open files are too few for %d connections: raise the hard limit (ulimit -Hn %d) or lower -conns", l.Cur, conns, need)
	}
	return nil
}

// ownCPU returns the user and system time of this process: to the microsecond, where /proc tells hundredths of a second.
func ownCPU() (time.Duration, error) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, err
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), nil
}
