package hpack

const (
	staticCount     = 61
	staticNameCount = 128 // places for 52 names
)

// static is the static table (RFC 7541, Appendix A) by its indices; there is no 0.
// Lines of one name stand together.
var static = [staticCount + 1]entry{
	1:  {":authority", ""},
	2:  {":method", "GET"},
	3:  {":method", "POST"},
	4:  {":path", "/"},
	5:  {":path", "/index.html"},
	6:  {":scheme", "http"},
	7:  {":scheme", "https"},
	8:  {":status", "200"},
	9:  {":status", "204"},
	10: {":status", "206"},
	11: {":status", "304"},
	12: {":status", "400"},
	13: {":status", "404"},
	14: {":status", "500"},
	15: {"accept-charset", ""},
	16: {"accept-encoding", "gzip, deflate"},
	17: {"accept-language", ""},
	18: {"accept-ranges", ""},
	19: {"accept", ""},
	20: {"access-control-allow-origin", ""},
	21: {"age", ""},
	22: {"allow", ""},
	23: {"authorization", ""},
	24: {"cache-control", ""},
	25: {"content-disposition", ""},
	26: {"content-encoding", ""},
	27: {"content-language", ""},
	28: {"content-length", ""},
	29: {"content-location", ""},
	30: {"content-range", ""},
	31: {"content-type", ""},
	32: {"cookie", ""},
	33: {"date", ""},
	34: {"etag", ""},
	35: {"expect", ""},
	36: {"expires", ""},
	37: {"from", ""},
	38: {"host", ""},
	39: {"if-match", ""},
	40: {"if-modified-since", ""},
	41: {"if-none-match", ""},
	42: {"if-range", ""},
	43: {"if-unmodified-since", ""},
	44: {"last-modified", ""},
	45: {"link", ""},
	46: {"location", ""},
	47: {"max-forwards", ""},
	48: {"proxy-authenticate", ""},
	49: {"proxy-authorization", ""},
	50: {"range", ""},
	51: {"referer", ""},
	52: {"refresh", ""},
	53: {"retry-after", ""},
	54: {"server", ""},
	55: {"set-cookie", ""},
	56: {"strict-transport-security", ""},
	57: {"transfer-encoding", ""},
	58: {"user-agent", ""},
	59: {"vary", ""},
	60: {"via", ""},
	61: {"www-authenticate", ""},
}

// findStatic returns the first index of a name and the index of the whole field; 0: none.
func findStatic(name, value string) (named, whole uint64) {
	if name == "" {
		return 0, 0
	}
	i := uint64(staticNames[staticHash(name)])
	if static[i].name != name {
		return 0, 0
	}
	named = i
	for ; i <= staticCount && static[i].name == name; i++ {
		if static[i].value == value {
			return named, i
		}
	}
	return named, 0
}

// staticHash has another value for each name of the table; the factors were
// found by trying. Names that somebody chooses can all have the same one, and
// are compared with a single entry all the same.
func staticHash(name string) uint8 {
	n := len(name)
	return (uint8(n)*63 + name[n/2]*8 + name[n-1]*15 + name[n/3]*44) % staticNameCount
}

// staticNames is the first index of the name that has a hash, or 0.
var staticNames = func() (names [staticNameCount]uint8) {
	for i := staticCount; i > 0; i-- {
		names[staticHash(static[i].name)] = uint8(i)
	}
	return names
}()
