package semantics

// ConnectionSpecific reports whether a field is for one connection alone, whatever Connection says: it is never passed on. RFC 9110, Section
// 7.6.1: "intermediaries SHOULD remove or replace fields that are known to require removal before forwarding, whether or not they appear as a
// connection-option […] Proxy-Connection, Keep-Alive, TE, Transfer-Encoding, Upgrade", and Connection itself.
func ConnectionSpecific(name string) bool {
	switch len(name) {
	case 2:
		return EqualFold(name, "te")
	case 7:
		return EqualFold(name, "upgrade")
	case 10:
		return EqualFold(name, "connection") || EqualFold(name, "keep-alive")
	case 16:
		return EqualFold(name, "proxy-connection")
	case 17:
		return EqualFold(name, "transfer-encoding")
	}
	return false
}
