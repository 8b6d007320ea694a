module github.com/paf-go/paf/web

go 1.26.0

require (
	github.com/coder/websocket v1.8.15
	github.com/paf-go/paf v0.0.0
	go.uber.org/goleak v1.3.0
)

replace github.com/paf-go/paf => ..
