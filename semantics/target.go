package semantics

// A Form is one of the four forms of a request target (RFC 9112, Section 3.2).
type Form uint8

const (
	OriginForm    Form = iota // /path?query
	AbsoluteForm              // http://host/path?query
	AuthorityForm             // host:port, with CONNECT only
	AsteriskForm              // *, with OPTIONS only
)

// A Target is a request target, taken apart. The parts are as they were sent:
// percent-encoding is not undone.
type Target struct {
	Form      Form
	Raw       string // as in the request line
	Scheme    string // absolute-form; on HTTP/2 always
	Authority string // host[:port]: of the target if it names one, else of Host
	Path      string // "" with AuthorityForm, "*" with AsteriskForm
	Query     string // without "?"
}
