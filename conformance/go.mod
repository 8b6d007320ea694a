module github.com/paf-go/paf/conformance

go 1.26
