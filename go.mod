module github.com/paf-go/paf

go 1.26

require go.uber.org/goleak v1.3.0 // tests only
