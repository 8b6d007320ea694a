//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package loop

import (
	"os"
	"syscall"
)

const canPoll = true

// A poll is a kqueue, with a pipe whose end ends the wait for it.
type poll struct {
	kq          int
	pipe, write *os.File
}

func newPoll() (*poll, error) {
	kq, err := syscall.Kqueue()
	if err != nil {
		return nil, os.NewSyscallError("kqueue", err)
	}
	syscall.CloseOnExec(kq)
	p := &poll{kq: kq}
	if p.pipe, p.write, err = os.Pipe(); err != nil {
		_ = syscall.Close(kq)
		return nil, err
	}
	if err := p.arm(int32(p.pipe.Fd())); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// arm has wait tell once when fd is readable, or its peer has gone. A descriptor that is closed is forgotten.
func (p *poll) arm(fd int32) error {
	var ev [1]syscall.Kevent_t
	syscall.SetKevent(&ev[0], int(fd), syscall.EVFILT_READ, syscall.EV_ADD|syscall.EV_ONESHOT)
	_, err := syscall.Kevent(p.kq, ev[:], nil, nil)
	return os.NewSyscallError("kevent", err)
}

// armGone cannot be had: what is to be read comes first.
func (p *poll) armGone(int32) error { return syscall.ENOTSUP }

// wait waits for descriptors. It fails when the poll is closed.
func (p *poll) wait(ready []int32) (int, error) {
	var events [128]syscall.Kevent_t
	for {
		n, err := syscall.Kevent(p.kq, nil, events[:min(len(ready), len(events))], nil)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return 0, os.NewSyscallError("kevent", err)
		}
		for i := range n {
			ready[i] = int32(events[i].Ident)
			if ready[i] == int32(p.pipe.Fd()) {
				_ = p.pipe.Close()
				_ = syscall.Close(p.kq)
				return 0, os.ErrClosed
			}
		}
		return n, nil
	}
}

func (p *poll) close() { _ = p.write.Close() }
