package proxy

import "time"

// A Report is what became of a request, for a log: what the client got for it is known to the ResponseWriter.
type Report struct {
	// Upstream is where it went last: the URL of an [Upstream], the host of a [Forward], and the port if the client has named one; "" if nowhere.
	Upstream string
	// Tries is how many upstreams it was sent to.
	Tries int
	// Took is how long it was here, as a tunnel too.
	Took time.Duration
	// Tunnelled is how many bytes went through the tunnel that became of it, in both directions together.
	Tunnelled int64
	// Uploaded is how many of these came from the client.
	Uploaded int64
	// User is whose name and password a [Forward] has got that has Authenticate, "" for nobody's.
	User string
	// Err is why it was not passed on, or its response not passed back: an [*Error], or why the client's end is gone. Where it was a tunnel, what ended that
	// (see [Join]).
	Err error
}
