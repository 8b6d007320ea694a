package flow

// Bare returns f with no power at all: Read, Write and Close are all that is
// left of it. It is for tests of what must work over any flow.
func Bare(f Flow) Flow { return struct{ Flow }{f} }

// WithPowers returns f with the powers p instead of its own, to take some away or
// to add what f cannot know. An example is a balancer that ended the TLS session and has said
// before the first byte who the client is and what was negotiated:
//
//	p := flow.PowersOf(f)
//	p.Negotiator = flow.NegotiatorFunc(func() string { return "h2" })
//	f = flow.WithPowers(f, p)
func WithPowers(f Flow, p Powers) Flow { return &powered{f, p} }

type powered struct {
	Flow
	powers Powers
}

func (f *powered) Unwrap() Flow   { return f.Flow }
func (f *powered) Powers() Powers { return f.powers }

// A NegotiatorFunc is a Negotiator. With it any make of TLS can say what was
// negotiated: func() string { return session.ConnectionState().NegotiatedProtocol }.
type NegotiatorFunc func() string

// NegotiatedProtocol calls the function.
func (f NegotiatorFunc) NegotiatedProtocol() string { return f() }
