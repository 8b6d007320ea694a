module github.com/paf-go/paf/conformance

go 1.26

require github.com/paf-go/paf v0.0.0
