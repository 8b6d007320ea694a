package semantics

import "math"

// ParseLength reads the value of a Content-Length field: "Content-Length = 1*DIGIT" (RFC 9110, Section 8.6). The grammar
// allows leading zeros; as some read them as an octal number, they are not taken here. If the value is not valid n
// is -1.
func ParseLength(value string) (n int64, valid bool) {
	if value == "" || len(value) > 1 && value[0] == '0' {
		return -1, false
	}
	for i := 0; i < len(value); i++ {
		d := int64(value[i]) - '0'
		if d < 0 || d > 9 || n > (math.MaxInt64-d)/10 {
			return -1, false
		}
		n = n*10 + d
	}
	return n, true
}
