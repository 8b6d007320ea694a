package semantics

import "iter"

// A Weight is a quality value in thousandths: 0, not acceptable, to 1000, most
// preferred (RFC 9110, Section 12.4.2).
type Weight int

// ParseWeight reads a quality value, as "0.5" or "1": at most three decimals,
// and at most 1.
func ParseWeight(s string) (Weight, bool) {
	if s == "" || s[0] != '0' && s[0] != '1' || len(s) > len("0.000") || len(s) > 1 && s[1] != '.' {
		return 0, false
	}
	w, unit := Weight(s[0]-'0')*1000, Weight(100)
	for i := 2; i < len(s); i++ {
		if !isDigit(s[i]) {
			return 0, false
		}
		w += Weight(s[i]-'0') * unit
		unit /= 10
	}
	return w, w <= 1000
}

// Weighted iterates over the members of a list such as "gzip;q=0.8, br", each
// without its weight: 1000 if it names none (RFC 9110, Section 12.4.2). A
// member whose weight is malformed is left out.
func Weighted(list string) iter.Seq2[string, Weight] {
	return func(yield func(string, Weight) bool) {
		for {
			member, rest, ok := CutMember(list)
			if !ok {
				return
			}
			if m, w, ok := cutWeight(member); ok && !yield(m, w) {
				return
			}
			list = rest
		}
	}
}

// cutWeight cuts the weight, which is a parameter named q, off a member. What
// follows it, RFC 7231's accept-ext, is ignored.
func cutWeight(member string) (string, Weight, bool) {
	for at := 0; at < len(member); {
		before, after := cutOutside(member[at:], ';')
		end := at + len(before)
		param, _ := cutOutside(after, ';')
		if param = TrimSpace(param); len(param) >= 2 && lowerByte(param[0]) == 'q' && param[1] == '=' {
			w, ok := ParseWeight(param[2:])
			return TrimSpace(member[:end]), w, ok
		}
		at = end + 1
	}
	return member, 1000, true
}

// TokenWeight returns the weight that the lists in the lines named name give to
// a token, as TokenWeight(&f, "Accept-Encoding", "gzip"): that of the member
// itself, else that of "*", else 0. listed says whether either was there: when
// it is false the field's own rule tells what that means.
func TokenWeight(f *Fields, name, token string) (w Weight, listed bool) {
	for member := range f.Members(name) {
		m, weight, ok := cutWeight(member)
		switch {
		case !ok:
		case EqualFold(m, token):
			return weight, true
		case m == "*" && !listed:
			w, listed = weight, true
		}
	}
	return w, listed
}
