package semantics_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/paf-go/paf/semantics"
)

func ExampleFields() {
	f := semantics.FieldsOf("Host", "example.org", "Accept", "text/html")
	f.Add("accept", "text/plain;q=0.5")
	f.Set("HOST", "example.com") // in the place of the first
	fmt.Println(f.Get("Accept"), f.Values("Accept"))
	for name, value := range f.All() {
		fmt.Println(name, "=", value)
	}
	// Output:
	// text/html [text/html text/plain;q=0.5]
	// HOST = example.com
	// Accept = text/html
	// accept = text/plain;q=0.5
}

func ExampleFields_Share() {
	f := semantics.FieldsOf("Server", "paf")
	g := f.Share() // nothing is copied …
	g.Add("Date", "…")
	fmt.Println(f.Len(), g.Len()) // … until one is changed
	// Output: 1 2
}

func ExampleParseTarget() {
	t, err := semantics.ParseTarget(semantics.MethodGet, "http://example.org:8080/a%20b?q=1")
	fmt.Println(t.Form, t.Scheme, t.Host(), t.Port(), t.Path, t.Query, err)
	path, _ := t.PathUnescaped()
	fmt.Println(path)

	_, err = semantics.ParseTarget(semantics.MethodGet, "/a b")
	var wrong *semantics.TargetError
	fmt.Println(errors.As(err, &wrong), wrong.Offset)
	// Output:
	// absolute-form http example.org 8080 /a%20b q=1 <nil>
	// /a b
	// true 2
}

func ExampleMembers() {
	for m := range semantics.Members(`gzip;q=0.5, "a, b", , br`) {
		fmt.Println(m)
	}
	// Output:
	// gzip;q=0.5
	// "a, b"
	// br
}

func ExampleParseDate() {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	t, err := semantics.ParseDate("Sunday, 06-Nov-94 08:49:37 GMT", now)
	fmt.Println(semantics.FormatDate(t), err)
	// Output: Sun, 06 Nov 1994 08:49:37 GMT <nil>
}

func ExampleParseRange() {
	ranges, ok := semantics.ParseRange("bytes=0-1,-3", 10)
	for _, r := range ranges {
		fmt.Println(r.ContentRange(10))
	}
	fmt.Println(ok)
	// Output:
	// bytes 0-1/10
	// bytes 7-9/10
	// true
}
