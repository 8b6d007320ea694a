package semantics

// An authority is what a Host field or a target names: uri-host [":" port]
// (RFC 9110, Section 7.2). uri-host is the host of RFC 3986, Section 3.2.2:
//
//	host       = IP-literal / IPv4address / reg-name
//	IP-literal = "[" ( IPv6address / IPvFuture ) "]"
//	reg-name   = *( unreserved / pct-encoded / sub-delims )

// ValidAuthority reports whether s is a host with or without a port, as a Host
// field or the authority of an http or https target must be.
//
// The empty string is not valid. RFC 9110, Section 7.2 asks a client to send
// an empty Host when its target has no authority, but a target of the schemes
// http and https always has one: "A recipient that processes such a URI
// reference MUST reject it as invalid" (Section 4.2.1). User information
// (Section 4.2.4), white space, a zone in an IPv6 literal and bytes beyond
// ASCII are not valid. A port may be empty, as in "host:" (RFC 3986, Section
// 3.2.3), and else is a number up to 65535.
func ValidAuthority(s string) bool {
	host, port, ok := SplitAuthority(s)
	return ok && validHost(host) && (port == "" || validPort(port))
}

// SplitAuthority cuts an authority into its host, with the brackets of an IP
// literal, and its port, without the colon; port is "" when there is none.
// ok is false when a bracket or a second colon leaves no single reading. The
// parts are not examined further: see [ValidAuthority].
func SplitAuthority(s string) (host, port string, ok bool) {
	end := 0
	if s != "" && s[0] == '[' {
		for end < len(s) && s[end] != ']' {
			end++
		}
	}
	for end < len(s) && s[end] != ':' {
		end++
	}
	if end == len(s) {
		return s, "", true
	}
	host, port = s[:end], s[end+1:]
	for i := 0; i < len(port); i++ {
		if port[i] == ':' || port[i] == ']' {
			return "", "", false
		}
	}
	return host, port, true
}

// validHost reports whether s is a host, and not an empty one.
func validHost(s string) bool {
	if s == "" {
		return false
	}
	if s[0] == '[' {
		return len(s) > 2 && s[len(s)-1] == ']' && validLiteral(s[1:len(s)-1])
	}
	for i := 0; i < len(s); i++ {
		if classes[s[i]]&inRegName != 0 {
			continue
		}
		if !escapeAt(s, i) {
			return false
		}
		i += 2
	}
	return true
}

// validPort reports whether s is a number from 0 to 65535 in decimal digits.
func validPort(s string) bool {
	n := 0
	for i := 0; i < len(s); i++ {
		if !isDigit(s[i]) {
			return false
		}
		if n = n*10 + int(s[i]-'0'); n > 65535 {
			return false
		}
	}
	return s != ""
}

// validLiteral reports whether s may stand between brackets.
func validLiteral(s string) bool {
	if lowerByte(s[0]) == 'v' {
		return validFuture(s[1:])
	}
	return validIPv6(s)
}

// validFuture reports whether s is what follows the v of an IPvFuture:
// 1*HEXDIG "." 1*( unreserved / sub-delims / ":" ).
func validFuture(s string) bool {
	i := 0
	for i < len(s) && isHex(s[i]) {
		i++
	}
	if i == 0 || i+1 >= len(s) || s[i] != '.' {
		return false
	}
	for _, c := range []byte(s[i+1:]) {
		if classes[c]&inRegName == 0 && c != ':' {
			return false
		}
	}
	return true
}

// validIPv6 reports whether s is an IPv6 address: eight groups of one to four
// hexadecimal digits, of which one run of zeros may be written "::" and the
// last two as an IPv4 address (RFC 3986, Section 3.2.2).
func validIPv6(s string) bool {
	groups, gap := 0, false
	if len(s) >= 2 && s[:2] == "::" {
		gap, s = true, s[2:]
	}
	for s != "" {
		n := 0
		for n < len(s) && isHex(s[n]) {
			n++
		}
		if n < len(s) && s[n] == '.' {
			return validIPv4(s) && (groups == 6 && !gap || groups < 6 && gap)
		}
		if groups++; n == 0 || n > 4 || groups > 8 {
			return false
		}
		if s = s[n:]; s == "" {
			break
		}
		if s[0] != ':' || len(s) == 1 {
			return false
		}
		if s = s[1:]; s[0] == ':' {
			if gap {
				return false
			}
			gap, s = true, s[1:]
		}
	}
	return groups == 8 && !gap || groups < 8 && gap
}

// validIPv4 reports whether s is four numbers up to 255 without leading zeros.
func validIPv4(s string) bool {
	for part := 0; part < 4; part++ {
		n, v := 0, 0
		for n < len(s) && n < 4 && isDigit(s[n]) {
			v = v*10 + int(s[n]-'0')
			n++
		}
		if n == 0 || v > 255 || n > 1 && s[0] == '0' {
			return false
		}
		if s = s[n:]; part < 3 {
			if s == "" || s[0] != '.' {
				return false
			}
			s = s[1:]
		}
	}
	return s == ""
}

// escapeAt reports whether a percent-encoded byte begins at s[i].
func escapeAt(s string, i int) bool {
	return s[i] == '%' && i+2 < len(s) &&
		isHex(s[i+1]) && isHex(s[i+2])
}
