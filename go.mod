module github.com/paf-go/paf

go 1.26
