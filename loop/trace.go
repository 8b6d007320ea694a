package loop

// A Trace is told what becomes of a call. What is nil is not called. No lock is held while a function runs, and
// the connection waits for it; Wrote may be called after Do has returned, from another goroutine.
type Trace struct {
	// WroteHead: the head of the request has been handed to the connection.
	WroteHead func()
	// WaitContinue: the content waits for 100 (Continue).
	WaitContinue func()
	// Wrote: all of the request has been sent, or err says why not.
	Wrote func(err error)
	// FirstByte: the first head of a response, be it an interim one, has come.
	FirstByte func()
	// Rested: the exchange has ended well, and its connection is idle, for another one, or err says why
	// not ([ErrNotKept], [ErrIdleEnough]). It is not called where exchanges go on side by side.
	Rested func(err error)
}

func (t *Trace) wroteHead() {
	if t != nil && t.WroteHead != nil {
		t.WroteHead()
	}
}

func (t *Trace) wrote(err error) {
	if t != nil && t.Wrote != nil {
		t.Wrote(err)
	}
}

func (t *Trace) rested(err error) {
	if t != nil && t.Rested != nil {
		t.Rested(err)
	}
}

// firstByte tells that something of the response has come, once. The connection's lock is not held.
func (c *Call) firstByte() {
	if t := c.Trace; t != nil && t.FirstByte != nil && !c.asking.begun {
		c.asking.begun = true
		t.FirstByte()
	}
}
