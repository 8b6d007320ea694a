module github.com/paf-go/paf/examples

go 1.26.0

require (
	github.com/paf-go/paf v0.0.0
	github.com/xtaci/smux v1.5.56
	golang.org/x/crypto v0.58.0
)

require golang.org/x/sys v0.49.0 // indirect

replace github.com/paf-go/paf => ..
