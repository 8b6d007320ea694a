package semantics

// A charClass is a set of the places in which a byte may stand.
type charClass uint8

const (
	inToken     charClass = 1 << iota // tchar (RFC 9110, Section 5.6.2)
	inValue                           // field-vchar, SP and HTAB (RFC 9110, Section 5.5)
	inPath                            // the path of a target, see target.go
	inPlainPath                       // inPath but "%"
	inQuery                           // the query of a target, see target.go
	inRegName                         // unreserved and sub-delims (RFC 3986, Section 3.2.2)
	inScheme                          // after the first letter (RFC 3986, Section 3.1)
	inETag                            // etagc (RFC 9110, Section 8.8.3)
)

// classes says for each byte where it may stand.
var classes = func() (t [256]charClass) {
	add := func(c charClass, set string) {
		for i := 0; i < len(set); i++ {
			t[set[i]] |= c
		}
	}
	const (
		digits = "0123456789"
		lower  = "abcdefghijklmnopqrstuvwxyz"
		upper  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		alnum  = digits + lower + upper
	)
	add(inToken, alnum+"!#$%&'*+-.^_`|~")
	add(inRegName, alnum+"-._~"+"!$&'()*+,;=")
	add(inScheme, alnum+"+-.")
	for c := 0x21; c <= 0x7e; c++ {
		t[c] |= inValue | inPath | inPlainPath | inQuery | inETag
	}
	for c := 0x80; c <= 0xff; c++ { // obs-text
		t[c] |= inValue | inETag
	}
	add(inValue, " \t")
	for _, c := range []byte(`"<>\#`) {
		t[c] &^= inPath | inPlainPath
	}
	t['%'] &^= inPlainPath
	t['#'] &^= inQuery
	t['"'] &^= inETag
	return t
}()

// allIn reports whether every byte of s is of the class.
func allIn(s string, c charClass) bool { return firstNotIn(s, c) < 0 }

// firstNotIn returns the offset of the first byte of s that is not of the
// class, or -1.
func firstNotIn(s string, c charClass) int {
	for i := 0; i < len(s); i++ {
		if classes[s[i]]&c == 0 {
			return i
		}
	}
	return -1
}

// lowerByte folds an ASCII letter to lower case.
func lowerByte(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

// unhex returns the value of a hexadecimal digit.
func unhex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return lowerByte(c) - 'a' + 10
}

func isHex(c byte) bool {
	low := lowerByte(c)
	return isDigit(c) || 'a' <= low && low <= 'f'
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isLetter(c byte) bool { c = lowerByte(c); return 'a' <= c && c <= 'z' }
