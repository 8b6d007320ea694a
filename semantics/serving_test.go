package semantics

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestParseRange(t *testing.T) {
	const ignored = "ignored"
	for _, c := range []struct {
		value string
		size  int64
		want  string
	}{
		{"bytes=0-4", 10, "[{0 5}]"},
		{"BYTES=0-4", 10, "[{0 5}]"},
		{"bytes=0-", 10, "[{0 10}]"},
		{"bytes=9-", 10, "[{9 1}]"},
		{"bytes=5-100", 10, "[{5 5}]"},
		{"bytes=-3", 10, "[{7 3}]"},
		{"bytes=-100", 10, "[{0 10}]"},
		{"bytes=0-0,-1", 10, "[{0 1} {9 1}]"},
		{"bytes=5-6, ,0-1", 10, "[{5 2} {0 2}]"},
		{"bytes=10-", 10, "[]"},
		{"bytes=10-20,30-", 10, "[]"},
		{"bytes=10-20,0-1", 10, "[{0 2}]"},
		{"bytes=-0", 10, "[]"},
		{"bytes=0-", 0, "[]"},
		{"bytes=-00", 0, "[]"},
		{"bytes=0-99999999999999999999999", 10, "[{0 10}]"},
		{"bytes=18446744073709551617-", 10, "[]"}, // 1 more than 64 bits hold
		{"bytes=-18446744073709551617", 10, "[{0 10}]"},
		{"bytes=99999999999999999999999-", 10, "[]"},
		{"bytes=-99999999999999999999999", 10, "[{0 10}]"},
		{"bytes=99999999999999999999999-3", 10, ignored},
		{"bytes=-5", 0, ignored},
		{"bytes=4-3", 10, ignored},
		{"bytes=14-13", 10, ignored},
		{"bytes=", 10, ignored},
		{"bytes=,", 10, ignored},
		{"bytes=-", 10, ignored},
		{"bytes=1", 10, ignored},
		{"bytes=a-b", 10, ignored},
		{"bytes=abc-xyz", 10, ignored},
		{"bytes=1-2-3", 10, ignored},
		{"bytes=+1-2", 10, ignored},
		{"bytes=--1", 10, ignored},
		{"bytes=0 - 1", 10, ignored},
		{"bytes=0-1,x", 10, ignored},
		{"bytes 0-1", 10, ignored},
		{"byte=0-1", 10, ignored},
		{"lines=0-1", 10, ignored},
		{"", 10, ignored},
		{"bytes=0-9,0-0", 10, ignored},                        // more than there is
		{"bytes=" + strings.Repeat("0-,", 1000), 10, ignored}, // the same, by far
		{"bytes=" + strings.Repeat("0-0,", 16), 100, "[" + strings.TrimSpace(strings.Repeat("{0 1} ", 16)) + "]"},
		{"bytes=" + strings.Repeat("0-0,", 17), 100, ignored}, // too many
	} {
		ranges, ok := ParseRange(c.value, c.size)
		got := fmt.Sprint(ranges)
		if !ok {
			got = ignored
		}
		if got != c.want {
			t.Errorf("%.40q of %d: %s, want %s", c.value, c.size, got, c.want)
		}
	}
	if got := (Range{2, 3}).ContentRange(10); got != "bytes 2-4/10" {
		t.Errorf("ContentRange: %q", got)
	}
	if got := UnsatisfiedRange(10); got != "bytes */10" {
		t.Errorf("UnsatisfiedRange: %q", got)
	}
}

// FuzzRange: ranges lie within the representation and hold no more than it.
func FuzzRange(f *testing.F) {
	f.Add("bytes=0-4,-3,7-", int64(10))
	f.Add("bytes=-0", int64(0))
	f.Add("bytes=9223372036854775807-9223372036854775807", int64(1<<63-1))
	f.Fuzz(func(t *testing.T, value string, size int64) {
		if size < 0 {
			return
		}
		ranges, ok := ParseRange(value, size)
		total := int64(0)
		for _, r := range ranges {
			if r.Start < 0 || r.Length <= 0 || r.Start > size-r.Length {
				t.Errorf("%q of %d: %v", value, size, r)
			}
			total += r.Length
		}
		if !ok && ranges != nil || total > size || len(ranges) > MaxRanges {
			t.Errorf("%q of %d: %v, %v", value, size, ranges, ok)
		}
	})
}

// The table of RFC 9110, Section 8.8.3.2.
func TestEntityTagComparison(t *testing.T) {
	for _, c := range []struct {
		a, b         string
		strong, weak bool
	}{
		{`W/"1"`, `W/"1"`, false, true},
		{`W/"1"`, `W/"2"`, false, false},
		{`W/"1"`, `"1"`, false, true},
		{`"1"`, `"1"`, true, true},
		{`"1"`, `"2"`, false, false},
		{``, ``, false, false},
		{`1`, `1`, false, false},
		{`w/"1"`, `w/"1"`, false, false},
		{`""`, `""`, true, true},
	} {
		for range 2 {
			if StrongMatch(c.a, c.b) != c.strong || WeakMatch(c.a, c.b) != c.weak {
				t.Errorf("%s %s: %v, %v", c.a, c.b, StrongMatch(c.a, c.b), WeakMatch(c.a, c.b))
			}
			c.a, c.b = c.b, c.a
		}
	}
}

func TestETagsReadsAList(t *testing.T) {
	for list, want := range map[string][]string{
		"":                     nil,
		"*":                    nil,
		`"a"`:                  {`"a"`},
		`"a", W/"b",,"c"`:      {`"a"`, `W/"b"`, `"c"`},
		`"a,b\", "c"`:          {`"a,b\"`, `"c"`},
		`"a" "b"`:              {`"a"`},
		`"a", b, "c"`:          {`"a"`},
		`"a b"`:                nil,
		`"a`:                   nil,
		`W/`:                   nil,
		`w/"a"`:                nil,
		"\"\x7f\"":             nil,
		"\"caf\xe9\"":          {"\"caf\xe9\""},
		"\t \"a\"\t,\t\"b\"\t": {`"a"`, `"b"`},
	} {
		if got := slices.Collect(ETags(list)); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", list, got, want)
		}
	}
}

func TestPreconditionsInTheirOrder(t *testing.T) {
	const (
		before = "Sat, 31 May 2025 00:00:00 GMT"
		at     = "Sun, 01 Jun 2025 00:00:00 GMT"
		after  = "Mon, 02 Jun 2025 00:00:00 GMT"
	)
	v := Validator{ETag: `"x"`, Modified: time.Date(2025, 6, 1, 0, 0, 0, 5e8, time.UTC)}
	weak := Validator{ETag: `W/"x"`, Modified: v.Modified}
	bare, missing := Validator{}, Validator{Missing: true}
	for _, c := range []struct {
		method string
		v      Validator
		fields string // name value, separated by "|"
		want   int
	}{
		{"GET", v, "", 0},
		{"GET", v, `If-None-Match|"x"`, 304},
		{"HEAD", v, `If-None-Match|"y", W/"x"`, 304},
		{"GET", v, `If-None-Match|"y"|If-None-Match|"x"`, 304},
		{"GET", weak, `If-None-Match|"x"`, 304},
		{"PUT", v, `If-None-Match|"x"`, 412},
		{"GET", v, `If-None-Match|*`, 304},
		{"PUT", v, `If-None-Match|*`, 412},
		{"PUT", missing, `If-None-Match|*`, 0},
		{"GET", v, `If-None-Match|"y"`, 0},
		{"GET", v, `If-None-Match|x`, 0},
		{"GET", bare, `If-None-Match|"x"`, 0},
		{"GET", v, `If-None-Match|"y"|If-Modified-Since|` + after, 0}, // 13.1.3: the tag decides
		{"GET", v, `If-Modified-Since|` + after, 304},
		{"GET", v, `If-Modified-Since|` + at, 304}, // parts of a second do not count
		{"GET", v, `If-Modified-Since|` + before, 0},
		{"POST", v, `If-Modified-Since|` + after, 0},
		{"GET", v, `If-Modified-Since|yesterday`, 0},
		{"GET", v, `If-Modified-Since|` + after + `|If-Modified-Since|` + after, 0},
		{"GET", bare, `If-Modified-Since|` + after, 0},
		{"PUT", v, `If-Match|"x"`, 0},
		{"PUT", v, `If-Match|"y", "x"`, 0},
		{"PUT", v, `If-Match|*`, 0},
		{"PUT", v, `If-Match|"y"`, 412},
		{"PUT", v, `If-Match|W/"x"`, 412},
		{"PUT", weak, `If-Match|W/"x"`, 412},
		{"PUT", missing, `If-Match|*`, 412},
		{"PUT", missing, `If-Match|"x"`, 412},
		{"PUT", v, `If-Match|"x"|If-Unmodified-Since|` + before, 0}, // 13.1.4: the tag decides
		{"PUT", v, `If-Unmodified-Since|` + before, 412},
		{"PUT", v, `If-Unmodified-Since|` + at, 0},
		{"PUT", v, `If-Unmodified-Since|yesterday`, 0},
		{"GET", v, `If-Match|"y"|If-None-Match|"x"`, 412},
		{"GET", v, `If-Match|"x"|If-None-Match|"x"`, 304},
	} {
		f := FieldsOf()
		if c.fields != "" {
			f = FieldsOf(strings.Split(c.fields, "|")...)
		}
		if got := Precondition(c.method, &f, c.v, someDay); got != c.want {
			t.Errorf("%s %s of %s: %d, want %d", c.method, c.fields, c.v.ETag, got, c.want)
		}
	}
}

func TestRangeAppliesWhenIfRangeNamesTheState(t *testing.T) {
	const at = "Sun, 01 Jun 2025 00:00:00 GMT"
	v := Validator{ETag: `"x"`, Modified: time.Date(2025, 6, 1, 0, 0, 0, 5e8, time.UTC)}
	weak := Validator{ETag: `W/"x"`}
	for _, c := range []struct {
		method string
		v      Validator
		fields string
		now    time.Time
		want   bool
	}{
		{"GET", v, "Range|bytes=0-", someDay, true},
		{"HEAD", v, "Range|bytes=0-", someDay, false},
		{"POST", v, "Range|bytes=0-", someDay, false},
		{"GET", v, "Accept|x", someDay, false},
		{"GET", v, "Range|bytes=0-|Range|bytes=1-", someDay, false},
		{"GET", Validator{Missing: true}, "Range|bytes=0-", someDay, false},
		{"GET", v, `Range|bytes=0-|If-Range|"x"`, someDay, true},
		{"GET", v, `Range|bytes=0-|If-Range|"y"`, someDay, false},
		{"GET", v, `Range|bytes=0-|If-Range|W/"x"`, someDay, false},
		{"GET", weak, `Range|bytes=0-|If-Range|W/"x"`, someDay, false},
		{"GET", v, `Range|bytes=0-|If-Range|"x"|If-Range|"x"`, someDay, false},
		{"GET", v, `Range|bytes=0-|If-Range|` + at, someDay, true},
		{"GET", v, `Range|bytes=0-|If-Range|` + at, v.Modified, false}, // too young to be strong
		{"GET", v, `Range|bytes=0-|If-Range|Mon, 02 Jun 2025 00:00:00 GMT`, someDay, false},
		{"GET", v, `Range|bytes=0-|If-Range|x`, someDay, false},
	} {
		f := FieldsOf(strings.Split(c.fields, "|")...)
		if got := RangeApplies(c.method, &f, c.v, c.now); got != c.want {
			t.Errorf("%s %s: %v", c.method, c.fields, got)
		}
	}
}
