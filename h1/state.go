package h1

// This file holds every state of an HTTP/1 connection and every move between them.
// Only step and couple assign a half; no other file does.
//
// A connection has two halves: what the client sends and what the server sends. Both
// roles hold both halves under one table, so that the rules for us and for the peer are
// the same ones.
//
//	client half                          server half
//
//	idle ──head──▶ content ──end──▶ ended      idle ──turn──▶ waiting ──head──▶ content ──end──▶ ended
//	 ▲                                │          ▲                │ interim: stays                 │
//	 └────────────── next ────────────┘          └───────────────────────── next ─────────────────┘
//
// From waiting, swap and take lead to switched instead: the response to an upgrade, or to
// CONNECT, and the moment in which its receiver has been told.
//
// When both halves have ended, couple moves both on: to idle if the connection
// persists (Section 9.3), else to closed. A fault moves a half to failed from
// wherever it is; the server may still answer from waiting.

// A half is the state of one direction of a connection.
type half uint8

const (
	forbidden half = iota // zero, so that a cell left out of moves is forbidden
	idle                  // between two messages
	waiting               // server half: a request has begun, its final response has not
	content               // the head is done, content under way
	ended                 // the message is complete
	switched              // the bytes belong to another protocol (RFC 9110, Section 7.8)
	failed                // the message will never be complete
	numHalves
)

// A move is what makes a half change.
type move uint8

const (
	head    move = iota // the head of a request or of a final response
	turn                // the client half has begun a message, or failed before it could
	interim             // a 1xx response
	swap                // 101, or 2xx to CONNECT
	end                 // the end of a message
	fault               // the message is broken, or abandoned
	numMoves
)

// A side names a half by who sends it.
type side uint8

const (
	client side = iota
	server
)

var moves = [2][numHalves][numMoves]half{
	client: {
		idle:    {head: content, fault: failed},
		content: {end: ended, fault: failed},
		ended:   {fault: failed},
	},
	server: {
		idle:    {turn: waiting, fault: failed},
		waiting: {interim: waiting, head: content, swap: switched, fault: failed},
		content: {end: ended, fault: failed},
		ended:   {fault: failed},
	},
}

// may reports whether a half can make a move.
func (c *conn) may(s side, m move) bool { return moves[s][c.half[s]][m] != forbidden }

// step makes a move, if the table allows it, and reports whether it did.
func (c *conn) step(s side, m move) bool {
	to := moves[s][c.half[s]][m]
	if to == forbidden {
		return false
	}
	c.half[s] = to
	if s == client && (m == head || m == fault) {
		if waits := moves[server][c.half[server]][turn]; waits != forbidden {
			c.half[server] = waits
		}
	}
	c.couple()
	return true
}

// couple applies the rules that tie the two halves together.
func (c *conn) couple() {
	if c.half[server] < ended {
		return // none of the rules is about that
	}
	from := c.half
	switch {
	case from == [2]half{ended, ended} && c.persists():
		c.half = [2]half{idle, idle}
	case from == [2]half{ended, ended}:
		c.half = [2]half{failed, failed}
	case from == [2]half{ended, switched}:
		c.half[client] = switched
	case from == [2]half{content, ended} && c.role == server && !c.persists():
		// The final response has been sent and says close: what is left of the
		// request does not matter any more.
		c.half = [2]half{failed, failed}
	case from == [2]half{failed, ended}, from == [2]half{content, failed}, from == [2]half{ended, failed}, from == [2]half{idle, failed}:
		c.half = [2]half{failed, failed}
	}
}

// over reports whether nothing more will be read or sent.
func (c *conn) over() bool {
	return c.half == [2]half{failed, failed}
}
