module github.com/paf-go/paf/bench

go 1.26
