package hpack

// staticTable is the static table (RFC 7541, Appendix A); its first entry has the index 1.
var staticTable = [...]Field{
	{Name: ":authority"},
	{Name: ":method", Value: "GET"},
	{Name: ":method", Value: "POST"},
	{Name: ":path", Value: "/"},
	{Name: ":path", Value: "/index.html"},
	{Name: ":scheme", Value: "http"},
	{Name: ":scheme", Value: "https"},
	{Name: ":status", Value: "200"},
	{Name: ":status", Value: "204"},
	{Name: ":status", Value: "206"},
	{Name: ":status", Value: "304"},
	{Name: ":status", Value: "400"},
	{Name: ":status", Value: "404"},
	{Name: ":status", Value: "500"},
	{Name: "accept-charset"},
	{Name: "accept-encoding", Value: "gzip, deflate"},
	{Name: "accept-language"},
	{Name: "accept-ranges"},
	{Name: "accept"},
	{Name: "access-control-allow-origin"},
	{Name: "age"},
	{Name: "allow"},
	{Name: "authorization"},
	{Name: "cache-control"},
	{Name: "content-disposition"},
	{Name: "content-encoding"},
	{Name: "content-language"},
	{Name: "content-length"},
	{Name: "content-location"},
	{Name: "content-range"},
	{Name: "content-type"},
	{Name: "cookie"},
	{Name: "date"},
	{Name: "etag"},
	{Name: "expect"},
	{Name: "expires"},
	{Name: "from"},
	{Name: "host"},
	{Name: "if-match"},
	{Name: "if-modified-since"},
	{Name: "if-none-match"},
	{Name: "if-range"},
	{Name: "if-unmodified-since"},
	{Name: "last-modified"},
	{Name: "link"},
	{Name: "location"},
	{Name: "max-forwards"},
	{Name: "proxy-authenticate"},
	{Name: "proxy-authorization"},
	{Name: "range"},
	{Name: "referer"},
	{Name: "refresh"},
	{Name: "retry-after"},
	{Name: "server"},
	{Name: "set-cookie"},
	{Name: "strict-transport-security"},
	{Name: "transfer-encoding"},
	{Name: "user-agent"},
	{Name: "vary"},
	{Name: "via"},
	{Name: "www-authenticate"},
}

const staticLen = len(staticTable)

// A place is where a field is found in the static table: the index of an entry with its name and value, and of the first
// with its name; 0 for none.
type place struct{ field, name uint8 }

// staticPlaces finds names in the static table: a hash table with linear probing, less than half full.
var staticPlaces = func() (t [128]uint8) {
	for i := range staticTable {
		name := staticTable[i].Name
		if i > 0 && staticTable[i-1].Name == name {
			continue // the entries of one name follow each other
		}
		at := hashName(name) % uint32(len(t))
		for t[at] != 0 {
			at = (at + 1) % uint32(len(t))
		}
		t[at] = uint8(i + 1)
	}
	return t
}()

// findStatic looks for a field in the static table.
func findStatic(name, value string) place {
	at := hashName(name) % uint32(len(staticPlaces))
	for ; staticPlaces[at] != 0; at = (at + 1) % uint32(len(staticPlaces)) {
		first := int(staticPlaces[at])
		if staticTable[first-1].Name != name {
			continue
		}
		for i := first; i <= staticLen && staticTable[i-1].Name == name; i++ {
			if staticTable[i-1].Value == value && value != "" {
				return place{uint8(i), uint8(first)}
			}
		}
		return place{0, uint8(first)}
	}
	return place{}
}

// hashName tells names apart by their length and some of their bytes.
func hashName(s string) uint32 {
	n := len(s)
	if n == 0 {
		return 0
	}
	h := uint32(n) + uint32(s[0])<<5 ^ uint32(s[n-1])<<9 ^ uint32(s[n/2])<<14 ^ uint32(s[n/3])<<19
	return h * 0x9e3779b1 >> 16
}
