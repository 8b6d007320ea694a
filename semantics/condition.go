package semantics

import "time"

// A Validator is what tells one state of a representation from another
// (RFC 9110, Section 8.8).
type Validator struct {
	ETag     string    // "" if there is none
	Modified time.Time // zero if it is not known
	Missing  bool      // there is no current representation
}

// Precondition evaluates the conditional fields of a request for a selected
// representation, in the order that RFC 9110, Section 13.2.2 gives. It returns
// 0 when the method is to be performed, else the status of the answer: 304 or
// 412. Range and If-Range come after it: see [RangeApplies].
//
// It is meant for a resource's server when the answer would otherwise be 2xx
// (Section 13.2.1). now is needed to read dates, see [ParseDate].
func Precondition(method string, f *Fields, v Validator, now time.Time) (status int) {
	reading := method == MethodGet || method == MethodHead
	switch {
	case f.Has("If-Match"):
		if !v.listed(f, "If-Match", StrongMatch) {
			return StatusPreconditionFailed
		}
	case v.modifiedSince(f, "If-Unmodified-Since", now):
		return StatusPreconditionFailed
	}
	switch {
	case f.Has("If-None-Match"):
		if v.listed(f, "If-None-Match", WeakMatch) {
			if reading {
				return StatusNotModified
			}
			return StatusPreconditionFailed
		}
	case reading && v.unmodifiedSince(f, now):
		return StatusNotModified
	}
	return 0
}

// listed reports whether a field of entity tags names v; "*" names whatever
// exists (RFC 9110, Sections 13.1.1 and 13.1.2).
func (v Validator) listed(f *Fields, name string, match func(a, b string) bool) bool {
	for i := range f.list {
		if !EqualFold(f.list[i].Name, name) {
			continue
		}
		if f.list[i].Value == "*" && !v.Missing {
			return true
		}
		for tag := range ETags(f.list[i].Value) {
			if !v.Missing && match(tag, v.ETag) {
				return true
			}
		}
	}
	return false
}

// modifiedSince reports whether the field holds a date and v is later. "A
// recipient MUST ignore the … header field if the received field value is not a
// valid HTTP-date" (RFC 9110, Section 13.1.4), and likewise if v has no date.
func (v Validator) modifiedSince(f *Fields, name string, now time.Time) bool {
	date, ok := v.date(f, name, now)
	return ok && v.Modified.Truncate(time.Second).After(date)
}

// unmodifiedSince reports whether If-Modified-Since holds a date and v is not
// later (RFC 9110, Section 13.1.3).
func (v Validator) unmodifiedSince(f *Fields, now time.Time) bool {
	date, ok := v.date(f, "If-Modified-Since", now)
	return ok && !v.Modified.Truncate(time.Second).After(date)
}

// date reads a date to compare v with; ok is false if either has none.
func (v Validator) date(f *Fields, name string, now time.Time) (date time.Time, ok bool) {
	if v.Modified.IsZero() || v.Missing || f.Count(name) != 1 {
		return date, false
	}
	date, err := ParseDate(f.Get(name), now)
	return date, err == nil
}

// RangeApplies reports whether a Range field of the request is to be followed:
// there is one, the method is GET ("A server MUST ignore a Range header field
// received with a request method that is unrecognized or for which range
// handling is not defined", RFC 9110, Section 14.2), and If-Range, if there is
// one, names v exactly: by a strong entity tag, or by the very date of
// Last-Modified (Section 13.1.5). Such a date is weak unless it lies at least a
// second before the representation was dated (Section 8.8.2.2), so one within a
// second of now does not count.
func RangeApplies(method string, f *Fields, v Validator, now time.Time) bool {
	if method != MethodGet || f.Count("Range") != 1 || v.Missing {
		return false
	}
	condition, ok := f.Lookup("If-Range")
	if !ok {
		return true
	}
	if f.Count("If-Range") != 1 {
		return false
	}
	if tag, _ := cutETag(condition); tag != "" {
		return StrongMatch(condition, v.ETag)
	}
	date, ok := v.date(f, "If-Range", now)
	return ok && date.Equal(v.Modified.Truncate(time.Second)) && now.Sub(v.Modified) >= time.Second
}
