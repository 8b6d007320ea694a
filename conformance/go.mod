module github.com/paf-go/paf/conformance

go 1.26.0

require (
	github.com/paf-go/paf v0.0.0
	golang.org/x/net v0.59.0
)
