module github.com/paf-go/paf/examples

go 1.26.0

require github.com/paf-go/paf v0.0.0

replace github.com/paf-go/paf => ..
