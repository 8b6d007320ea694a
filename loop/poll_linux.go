package loop

import (
	"os"
	"syscall"
)

const canPoll = true

// A poll is an epoll instance. It is itself watched by the runtime's, so that to wait for it blocks a goroutine only.
type poll struct {
	file *os.File
	raw  syscall.RawConn
}

func newPoll() (*poll, error) {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	_ = syscall.SetNonblock(fd, true) // which is what makes os.NewFile have the runtime watch it
	p := &poll{file: os.NewFile(uintptr(fd), "epoll")}
	if p.raw, err = p.file.SyscallConn(); err != nil {
		_ = p.file.Close()
		return nil, err
	}
	return p, nil
}

// arm has wait tell once when fd is readable, or its peer has gone. A descriptor that is closed is forgotten.
func (p *poll) arm(fd int32) error { return p.watch(fd, syscall.EPOLLIN|syscall.EPOLLRDHUP) }

// armGone has wait tell once when the peer has gone, though there is something to be read before its end.
func (p *poll) armGone(fd int32) error { return p.watch(fd, syscall.EPOLLRDHUP) }

func (p *poll) watch(fd int32, events uint32) (err error) {
	ev := syscall.EpollEvent{Events: events | syscall.EPOLLONESHOT, Fd: fd}
	e := p.raw.Control(func(epfd uintptr) {
		if err = syscall.EpollCtl(int(epfd), syscall.EPOLL_CTL_ADD, int(fd), &ev); err == syscall.EEXIST {
			err = syscall.EpollCtl(int(epfd), syscall.EPOLL_CTL_MOD, int(fd), &ev)
		}
	})
	if e != nil {
		return e
	}
	return err
}

// wait waits for descriptors. It fails when the poll is closed.
func (p *poll) wait(ready []int32) (n int, err error) {
	var events [128]syscall.EpollEvent
	most := events[:min(len(ready), len(events))]
	e := p.raw.Read(func(epfd uintptr) bool {
		n, err = syscall.EpollWait(int(epfd), most, 0)
		return n > 0 || err != nil && err != syscall.EINTR
	})
	if e != nil {
		return 0, e
	}
	for i := range max(n, 0) {
		ready[i] = events[i].Fd
	}
	return max(n, 0), err
}

func (p *poll) close() { _ = p.file.Close() }
