module github.com/paf-go/paf/examples/wasi

go 1.26.0

require (
	github.com/paf-go/paf v0.0.0
	github.com/tetratelabs/wazero v1.12.0
)

require golang.org/x/sys v0.44.0 // indirect

replace github.com/paf-go/paf => ../..
