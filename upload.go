package paf

import (
	"context"
	"errors"
	"io"
	"sync"
)

// An upload is the content of a request while a client sends it: once, or again for a retry or a redirect. It is closed
// when no sending goes on and none will follow. Without content it is nil.
type upload struct {
	body   io.Reader
	seeker io.Seeker // nil if it can be had once only
	start  int64     // where it began
	sent   bool      // a loop has got it

	mu     sync.Mutex
	latest *sending // the one that goes on
	done   bool     // the last one has begun
}

func newUpload(r *Request) *upload {
	u := &upload{body: r.Body}
	if s, ok := r.Body.(io.Seeker); ok {
		if start, err := s.Seek(0, io.SeekCurrent); err == nil {
			u.seeker, u.start = s, start
		}
	}
	return u
}

// begin returns what a loop is to send of body, nil for nothing, and to close.
func (u *upload) begin(body io.Reader) io.Reader {
	if body == nil {
		return nil
	}
	u.sent = true
	if u.seeker == nil {
		return body
	}
	s := &sending{upload: u, turn: make(chan struct{}, 1)}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.latest = s
	return s
}

// untouched says that the loop which has got the content has not used it and will not close it.
func (u *upload) untouched() {
	if u == nil {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.sent, u.latest = false, nil
}

// rewind makes the content ready to be sent once more. A sending whose connection has died, or that was answered
// early, may not have noticed: it reads no more. One that is reading just now is waited for, as long as ctx lasts.
func (u *upload) rewind(ctx context.Context) bool {
	if u == nil {
		return true // without content
	}
	if u.seeker == nil {
		return false
	}
	u.mu.Lock()
	s := u.latest
	u.mu.Unlock()
	if s != nil {
		select {
		case s.turn <- struct{}{}: // for good
		case <-ctx.Done():
			return false // the loop closes it, when it has read
		}
	}
	u.mu.Lock()
	u.latest = nil
	u.mu.Unlock()
	_, err := u.seeker.Seek(u.start, io.SeekStart)
	return err == nil
}

// finish says that no other sending will follow.
func (u *upload) finish() {
	u.mu.Lock()
	u.done = true
	idle := u.latest == nil && (u.seeker != nil || !u.sent)
	u.mu.Unlock()
	if idle {
		u.close()
	}
}

func (u *upload) close() {
	if c, ok := u.body.(io.Closer); ok {
		_ = c.Close()
	}
}

// A sending is one reading of an upload, by the loop.
type sending struct {
	*upload
	turn chan struct{} // full while it reads, and when it is over
}

func (s *sending) Read(p []byte) (int, error) {
	select {
	case s.turn <- struct{}{}:
	default:
		return 0, errOver
	}
	defer func() { <-s.turn }()
	return s.body.Read(p)
}

var errOver = errors.New("paf: the content is sent elsewhere")

// Close is called by the loop when it has done with the content.
func (s *sending) Close() error {
	u := s.upload
	u.mu.Lock()
	last := u.latest == s
	if last {
		u.latest = nil
	}
	last = last && u.done
	u.mu.Unlock()
	if last {
		u.close()
	}
	return nil
}

// Unwrap lets the loop see content that is in memory.
func (s *sending) Unwrap() io.Reader { return s.body }
