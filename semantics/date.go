package semantics

import (
	"errors"
	"time"
)

// ErrDate is what ParseDate returns for a string that is no HTTP-date.
var ErrDate = errors.New("RFC 9110, Section 5.6.7: not a date of any of the three formats")

// DateLen is the number of bytes that AppendDate appends.
const DateLen = len("Sun, 06 Nov 1994 08:49:37 GMT")

const (
	dayNames   = "SunMonTueWedThuFriSat"
	monthNames = "JanFebMarAprMayJunJulAugSepOctNovDec"
)

var longDays = [...]string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"}

// AppendDate appends t as an IMF-fixdate, "Sun, 06 Nov 1994 08:49:37 GMT": "the
// sender MUST generate those timestamps in the IMF-fixdate format" (RFC 9110,
// Section 5.6.7).
// Parts of a second are dropped. The format has years 0 to 9999; a time outside
// them is written as the nearest one inside. It allocates nothing if dst has
// room for [DateLen] bytes.
func AppendDate(dst []byte, t time.Time) []byte {
	t = t.UTC()
	switch y := t.Year(); {
	case y < 0:
		t = time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)
	case y > 9999:
		t = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
	}
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	wd, mo := 3*int(t.Weekday()), 3*(int(month)-1)
	dst = append(dst, dayNames[wd:wd+3]...)
	dst = append(dst, ',', ' ')
	dst = append(append2(dst, day), ' ')
	dst = append(dst, monthNames[mo:mo+3]...)
	dst = append(dst, ' ')
	dst = append(append2(append2(dst, year/100), year%100), ' ')
	dst = append(append2(dst, hour), ':')
	dst = append(append2(dst, minute), ':')
	return append(append2(dst, second), " GMT"...)
}

func append2(dst []byte, n int) []byte {
	return append(dst, byte('0'+n/10), byte('0'+n%10))
}

// FormatDate returns t as an IMF-fixdate, see [AppendDate].
func FormatDate(t time.Time) string {
	return string(AppendDate(make([]byte, 0, DateLen), t))
}

// ParseDate reads a date in any of the three formats that "a recipient … MUST
// accept" (RFC 9110, Section 5.6.7):
//
//	Sun, 06 Nov 1994 08:49:37 GMT    IMF-fixdate
//	Sunday, 06-Nov-94 08:49:37 GMT   obsolete, RFC 850
//	Sun Nov  6 08:49:37 1994         obsolete, ANSI C's asctime
//
// The result is in UTC. Names are case-sensitive, as that section says. The day
// of the week must be one, but need not be that of the date. The second 60, a
// leap second, is read as the first of the next minute.
//
// now tells the century of a year of two digits: the latest that does not put
// the date more than 50 years ahead of now. ("Recipients … MUST interpret a
// timestamp that appears to be more than 50 years in the future as representing
// the most recent year in the past that had the same last two digits.")
func ParseDate(s string, now time.Time) (time.Time, error) {
	d := dateReader{rest: s}
	switch {
	case len(s) == DateLen && s[3] == ',':
		d.readFixdate()
	case len(s) > 3 && s[3] == ' ':
		d.readAsctime()
	default:
		d.readRFC850()
	}
	t, ok := d.time(d.year)
	if d.twoDigits {
		t, ok = d.inCentury(now.UTC())
	}
	if d.bad || d.rest != "" || !ok {
		return time.Time{}, ErrDate
	}
	return t, nil
}

// A dateReader takes a date apart from its beginning. After the first thing
// that is not there bad is set, and what was read means nothing.
type dateReader struct {
	rest                                   string
	bad                                    bool
	year, month, day, hour, minute, second int
	twoDigits                              bool // of the year
}

func (d *dateReader) readFixdate() {
	d.name(dayNames)
	d.literal(", ")
	d.day = d.number(2)
	d.literal(" ")
	d.month = d.name(monthNames) + 1
	d.literal(" ")
	d.year = d.number(4)
	d.literal(" ")
	d.clock()
	d.literal(" GMT")
}

func (d *dateReader) readRFC850() {
	d.longDay()
	d.literal(", ")
	d.day = d.number(2)
	d.literal("-")
	d.month = d.name(monthNames) + 1
	d.literal("-")
	d.year, d.twoDigits = d.number(2), true
	d.literal(" ")
	d.clock()
	d.literal(" GMT")
}

func (d *dateReader) readAsctime() {
	d.name(dayNames)
	d.literal(" ")
	d.month = d.name(monthNames) + 1
	d.literal(" ")
	if d.rest != "" && d.rest[0] == ' ' { // ( 2DIGIT / ( SP 1DIGIT ))
		d.literal(" ")
		d.day = d.number(1)
	} else {
		d.day = d.number(2)
	}
	d.literal(" ")
	d.clock()
	d.literal(" ")
	d.year = d.number(4)
}

func (d *dateReader) clock() {
	d.hour = d.number(2)
	d.literal(":")
	d.minute = d.number(2)
	d.literal(":")
	d.second = d.number(2)
}

// literal skips s.
func (d *dateReader) literal(s string) {
	if len(d.rest) < len(s) || d.rest[:len(s)] != s {
		d.bad = true
		return
	}
	d.rest = d.rest[len(s):]
}

// number reads exactly n digits.
func (d *dateReader) number(n int) (v int) {
	if len(d.rest) < n {
		d.bad = true
		return 0
	}
	for i := range n {
		c := d.rest[i]
		d.bad = d.bad || !isDigit(c)
		v = v*10 + int(c-'0')
	}
	d.rest = d.rest[n:]
	return v
}

// name reads one of the names, each of three letters, and returns which.
func (d *dateReader) name(names string) int {
	for i := 0; i < len(names) && len(d.rest) >= 3; i += 3 {
		if names[i:i+3] == d.rest[:3] {
			d.rest = d.rest[3:]
			return i / 3
		}
	}
	d.bad = true
	return 0
}

// longDay skips a full day name.
func (d *dateReader) longDay() {
	for _, name := range longDays {
		if len(d.rest) >= len(name) && d.rest[:len(name)] == name {
			d.rest = d.rest[len(name):]
			return
		}
	}
	d.bad = true
}

// time returns the date in the year, and whether there is one.
func (d *dateReader) time(year int) (time.Time, bool) {
	if d.bad || d.hour > 23 || d.minute > 59 || d.second > 60 || d.day < 1 {
		return time.Time{}, false
	}
	month := time.Month(d.month)
	lastDay := time.Date(year, month+1, 0, 0, 0, 0, 0, time.UTC).Day()
	t := time.Date(year, month, d.day, d.hour, d.minute, d.second, 0, time.UTC)
	return t, d.day <= lastDay
}

// inCentury returns the date in the latest century that does not put it more
// than 50 years ahead of now.
func (d *dateReader) inCentury(now time.Time) (time.Time, bool) {
	latest := now.AddDate(50, 0, 0)
	year := latest.Year()/100*100 + d.year
	t, ok := d.time(year)
	if !ok || t.After(latest) { // !ok: 29 February of a year that is not leap
		t, ok = d.time(year - 100)
	}
	return t, ok
}
