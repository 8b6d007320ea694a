module github.com/paf-go/paf/proxyproto

go 1.26.0

require (
	github.com/paf-go/paf v0.0.0
	github.com/pires/go-proxyproto v0.15.0
)

replace github.com/paf-go/paf => ..
