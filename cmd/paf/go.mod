module github.com/paf-go/paf/cmd/paf

go 1.26
