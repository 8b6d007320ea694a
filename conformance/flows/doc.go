// Package flows runs HTTP over every kind of flow there is at hand: paf's own cases ([github.com/paf-go/paf/paftest/httpover]), paf against paf, and
// beside them net/http's client against paf's server and paf's client against net/http's server, each over HTTP/1.1 and HTTP/2.
//
// The files are named for what they open: the kernel's TCP and Unix sockets, pipes in memory, flows with no power or
// with narrow reads and writes, a TCP/IP stack in user space, TLS of two makes, TLS inside TLS, and the streams of a yamux session. The test of a flow
// itself (flowtest) is run on yamux's streams and TLS inside TLS; the others have it in their rooms.
package flows
