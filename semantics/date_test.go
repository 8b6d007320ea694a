package semantics

import (
	"net/http"
	"testing"
	"time"
)

var someDay = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

func TestParseDateReadsTheThreeFormats(t *testing.T) {
	want := time.Date(1994, 11, 6, 8, 49, 37, 0, time.UTC)
	for _, s := range []string{
		"Sun, 06 Nov 1994 08:49:37 GMT",
		"Sunday, 06-Nov-94 08:49:37 GMT",
		"Sun Nov  6 08:49:37 1994",
		"Sun Nov 06 08:49:37 1994",
	} {
		got, err := ParseDate(s, someDay)
		if err != nil || !got.Equal(want) || got.Location() != time.UTC {
			t.Errorf("%q: %v, %v", s, got, err)
		}
	}
	if got := FormatDate(want.In(time.FixedZone("x", 3600))); got != "Sun, 06 Nov 1994 08:49:37 GMT" {
		t.Errorf("FormatDate: %q", got)
	}
}

func TestParseDateRejects(t *testing.T) {
	for _, s := range []string{
		"",
		"0",
		"not-a-date",
		"Sun, 06 Nov 1994 08:49:37 UTC",
		"Sun, 06 Nov 1994 08:49:37 +0000",
		"Sun, 06 Nov 1994 08:49:37 gmt",
		"Sun, 06 Nov 1994 08:49:37 GM",
		"Sun, 06 Nov 1994 08:49:37 GMT ",
		" Sun, 06 Nov 1994 08:49:37 GMT",
		"sun, 06 Nov 1994 08:49:37 GMT",
		"Sun, 06 NOV 1994 08:49:37 GMT",
		"Son, 06 Nov 1994 08:49:37 GMT",
		"Sun, 6 Nov 1994 08:49:37 GMT",
		"Sun, 31 Nov 1994 08:49:37 GMT",
		"Tue, 29 Feb 2023 08:49:37 GMT",
		"Thu, 29 Feb 1900 08:49:37 GMT",
		"Sun, 00 Nov 1994 08:49:37 GMT",
		"Sun, 06 Nov 1994 24:00:00 GMT",
		"Sun, 06 Nov 1994 08:60:37 GMT",
		"Sun, 06 Nov 1994 08:49:61 GMT",
		"Sun, 06 Nov 1994 8:49:37  GMT",
		"Sun, 06 Nov 1994 -8:49:37 GMT",
		"Sunday, 06-Nov-1994 08:49:37 GMT",
		"Sun, 06-Nov-94 08:49:37 GMT",
		"Sunday, 06 Nov 94 08:49:37 GMT",
		"Sun Nov 6 08:49:37 1994",
		"Sun Nov  6 08:49:37 94",
		"Sun Nov  6 08:49:37 1994 GMT",
	} {
		if got, err := ParseDate(s, someDay); err != ErrDate || !got.IsZero() {
			t.Errorf("%q: %v, %v", s, got, err)
		}
	}
}

func TestParseDateOfTwoDigitsIsAtMostFiftyYearsAhead(t *testing.T) {
	for _, c := range []struct {
		now  string
		date string
		year int
	}{
		{"2026-07-01", "Sunday, 06-Nov-94 08:49:37 GMT", 1994},
		{"2026-07-01", "Sunday, 06-Nov-26 08:49:37 GMT", 2026},
		{"2026-07-01", "Sunday, 06-Nov-75 08:49:37 GMT", 2075},
		{"2026-07-01", "Sunday, 01-Jul-76 00:00:00 GMT", 2076},
		{"2026-07-01", "Sunday, 01-Jul-76 00:00:01 GMT", 1976},
		{"2026-07-01", "Sunday, 06-Nov-76 08:49:37 GMT", 1976},
		{"2026-07-01", "Sunday, 06-Nov-77 08:49:37 GMT", 1977},
		{"2026-07-01", "Sunday, 06-Nov-00 08:49:37 GMT", 2000},
		{"2090-07-01", "Sunday, 06-Nov-10 08:49:37 GMT", 2110},
		{"2090-07-01", "Sunday, 06-Nov-40 08:49:37 GMT", 2040},
		{"1999-12-31", "Sunday, 06-Nov-00 08:49:37 GMT", 2000},
		{"2060-07-01", "Sunday, 29-Feb-00 08:49:37 GMT", 2000}, // 2100 has none
	} {
		now, err := time.Parse(time.DateOnly, c.now)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := ParseDate(c.date, now); err != nil || got.Year() != c.year {
			t.Errorf("%s in %s: %v, %v; want %d", c.date, c.now, got, err, c.year)
		}
	}
}

func TestParseDateReadsALeapSecond(t *testing.T) {
	got, err := ParseDate("Sat, 31 Dec 2016 23:59:60 GMT", someDay)
	if err != nil || !got.Equal(time.Date(2017, 1, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("%v, %v", got, err)
	}
}

func TestAppendDateStaysWithinFourDigits(t *testing.T) {
	for _, c := range []struct {
		t    time.Time
		want string
	}{
		{time.Date(12345, 1, 1, 0, 0, 0, 0, time.UTC), "Fri, 31 Dec 9999 23:59:59 GMT"},
		{time.Date(-5, 1, 1, 0, 0, 0, 0, time.UTC), "Sat, 01 Jan 0000 00:00:00 GMT"},
		{time.Time{}, "Mon, 01 Jan 0001 00:00:00 GMT"},
	} {
		if got := FormatDate(c.t); got != c.want {
			t.Errorf("%v: %q", c.t, got)
		}
	}
}

func TestDatesAllocateNothing(t *testing.T) {
	buf := make([]byte, 0, DateLen)
	if n := testing.AllocsPerRun(100, func() {
		buf = AppendDate(buf[:0], someDay)
		if _, err := ParseDate("Sunday, 06-Nov-94 08:49:37 GMT", someDay); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzDate: what is written is read again; it is what net/http writes; and what
// is read net/http reads the same way, but for the century of two digits and
// the leap second.
func FuzzDate(f *testing.F) {
	f.Add("Sun, 06 Nov 1994 08:49:37 GMT", int64(784111777))
	f.Add("Sunday, 06-Nov-94 08:49:37 GMT", int64(-1))
	f.Add("Sun Nov  6 08:49:37 1994", int64(1<<40))
	f.Add("Sat, 31 Dec 2016 23:59:60 GMT", int64(0))
	f.Fuzz(func(t *testing.T, s string, unix int64) {
		if now := time.Unix(unix%(1<<37), 0).UTC(); now.Year() >= 0 && now.Year() <= 9999 {
			written := FormatDate(now)
			if theirs := now.Format(http.TimeFormat); written != theirs {
				t.Errorf("%q, net/http: %q", written, theirs)
			}
			if read, err := ParseDate(written, someDay); err != nil || !read.Equal(now) {
				t.Errorf("%q is read as %v, %v", written, read, err)
			}
		}
		ours, err := ParseDate(s, someDay)
		if err != nil {
			return
		}
		theirs, err := http.ParseTime(s)
		switch {
		case err != nil && ours.Second() == 0: // the second 60
		case err != nil:
			t.Errorf("%q: %v, net/http: %v", s, ours, err)
		case !ours.Equal(theirs) && !ours.Equal(theirs.AddDate(100, 0, 0)) && !ours.Equal(theirs.AddDate(-100, 0, 0)):
			t.Errorf("%q: %v, net/http: %v", s, ours, theirs)
		}
	})
}
