// Package flows runs HTTP over every kind of flow there is at hand: paf's own cases ([github.com/paf-go/paf/paftest/httpover]), and net/http's client and
// server against paf's, each over HTTP/1.1 and HTTP/2. The files are named for what they open.
package flows
