package proxy

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/semantics"
)

// passing returns the fields of a message that are for the next hop too, with room for more behind them.
func passing(f *semantics.Fields, room int) []semantics.Field {
	return appendPassing(make([]semantics.Field, 0, f.Len()+room), f)
}

// appendPassing appends the fields of a message that are for the next hop too to an empty list.
//
// RFC 9110, Section 7.6.1: "intermediaries MUST parse a received Connection header field before a message is forwarded and, for each
// connection-option in this field, remove any header or trailer field(s) from the message with the same name as the connection-option, and
// then remove the Connection header field itself".
func appendPassing(to []semantics.Field, f *semantics.Fields) []semantics.Field {
	from := f.List()
	named := false
	for i := range from {
		if staysBehind(from[i].Name) {
			named = named || len(from[i].Name) == len("connection") && semantics.EqualFold(from[i].Name, "connection")
			continue
		}
		to = append(to, from[i])
	}
	if named {
		to = dropNamed(to, f)
	}
	return to
}

// dropNamed removes the fields that Connection names.
func dropNamed(list []semantics.Field, f *semantics.Fields) []semantics.Field {
	for option := range f.Members("Connection") {
		if semantics.EqualFold(option, "te") || semantics.EqualFold(option, "upgrade") {
			continue // they are looked after
		}
		list = without(list, option)
	}
	return list
}

// without removes all fields of a name.
func without(list []semantics.Field, name string) []semantics.Field {
	n := 0
	for _, l := range list {
		if !semantics.EqualFold(l.Name, name) {
			list[n] = l
			n++
		}
	}
	clear(list[n:])
	return list[:n]
}

// staysBehind reports whether a field is for one connection alone, or stands for something that is said anew: "TE: trailers" is added where it may be.
func staysBehind(name string) bool {
	if semantics.ConnectionSpecific(name) {
		return true
	}
	switch len(name) {
	case 4:
		return semantics.EqualFold(name, "host")
	case 14:
		return semantics.EqualFold(name, "http2-settings")
	case 18:
		return semantics.EqualFold(name, "proxy-authenticate")
	case 19:
		return semantics.EqualFold(name, "proxy-authorization")
	}
	return false
}

// trailing returns what of a trailer section goes on; head has the Connection that speaks for it, too.
func trailing(f, head *semantics.Fields) []semantics.Field {
	list := dropNamed(passing(f, 0), head)
	n := 0
	for _, l := range list {
		if semantics.AllowedInTrailer(l.Name) {
			list[n] = l
			n++
		}
	}
	return list[:n]
}

// Forwarded says by which fields an upstream is told of the client.
type Forwarded uint8

// Several may be put together by |.
const (
	ForwardedX       Forwarded = 1 << iota // X-Forwarded-For, X-Forwarded-Host and X-Forwarded-Proto
	ForwardedRFC7239                       // Forwarded (RFC 7239)
	ForwardedNone
)

// An origin is where requests come from, found out once a connection.
type origin struct {
	address string // of the peer, without a port; "" if it is not known
	node    string // the same as RFC 7239, Section 6 writes it
	scheme  string // "https" if the connection is secured, else "http"
}

// originOf is found by paf.Request.Remember.
func originOf(f flow.Flow) any {
	o := &origin{node: "unknown", scheme: "http"}
	if f == nil {
		return o
	}
	powers := flow.PowersOf(f)
	if powers.Negotiator != nil {
		o.scheme = "https"
	}
	addr := powers.PeerAddr()
	if addr == nil {
		return o
	}
	if at, err := netip.ParseAddrPort(addr.String()); err == nil {
		ip := at.Addr().Unmap().WithZone("")
		o.address, o.node = ip.String(), ip.String()
		if ip.Is6() {
			o.node = `"[` + o.node + `]"` // RFC 7239, Section 6: "IPv6 address is always enclosed in square brackets", and so quoted
		}
	}
	return o
}

// addForwarded adds fields that say where a request comes from. What the client has sent of that kind is believed if trust says so, and removed
// otherwise: anybody could have written it.
func addForwarded(list []semantics.Field, what Forwarded, trust bool, from *origin, scheme, host string) []semantics.Field {
	plain := what == 0 || what&ForwardedX != 0
	list, before := drawn(list, "X-Forwarded-For")
	list, toldHost := drawn(list, "X-Forwarded-Host")
	list, toldScheme := drawn(list, "X-Forwarded-Proto")
	list, elements := drawn(list, "Forwarded")
	if !trust {
		before, toldHost, toldScheme, elements = "", "", "", ""
		list = slices.DeleteFunc(list, func(f semantics.Field) bool { return isForwarded(f.Name) })
	}
	if plain {
		list = appendSaid(list, "X-Forwarded-For", withMember(before, from.address))
		list = appendSaid(list, "X-Forwarded-Host", cmp.Or(toldHost, host))
		list = appendSaid(list, "X-Forwarded-Proto", cmp.Or(toldScheme, scheme))
	}
	if what&ForwardedRFC7239 != 0 {
		list = appendSaid(list, "Forwarded", withMember(elements, "for="+from.node+";host="+quoted(host)+";proto="+scheme))
	}
	return list
}

// isForwarded reports whether a field is of the kind that addForwarded adds. An application of the CGI kind takes "_" for "-", and so does this.
func isForwarded(name string) bool {
	const kind = "x-forwarded-"
	return semantics.EqualFold(name, "forwarded") ||
		len(name) > len(kind) && semantics.EqualFold(strings.ReplaceAll(name[:len(kind)], "_", "-"), kind)
}

func appendSaid(list []semantics.Field, name, value string) []semantics.Field {
	if value == "" {
		return list
	}
	return append(list, semantics.Field{Name: name, Value: value})
}

// drawn removes a field, and returns what it said.
func drawn(list []semantics.Field, name string) (rest []semantics.Field, said string) {
	found := false
	for i := range list {
		if semantics.EqualFold(list[i].Name, name) {
			said, found = withMember(said, list[i].Value), true
		}
	}
	if !found {
		return list, ""
	}
	return without(list, name), said
}

// withMember appends a member to a list.
func withMember(list, member string) string {
	switch {
	case list == "":
		return member
	case member == "":
		return list
	}
	return list + ", " + member
}

// quoted returns a value of Forwarded (RFC 7239, Section 4): a token as it is, all else as a quoted-string.
func quoted(s string) string {
	if semantics.ValidName(s) {
		return s
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// apart adds "Connection: close", which is for the client alone, if the request proves who asks in a way that holds for a whole connection: NTLM,
// and Negotiate which may be that (RFC 4559). RFC 9110, Section 11.1, has every request speak for itself; a server of these takes the next one on the
// connection, which is somebody else's, for the same user's.
func apart(list []semantics.Field) []semantics.Field {
	for i := range list {
		if !semantics.EqualFold(list[i].Name, "authorization") {
			continue
		}
		scheme, _, _ := strings.Cut(list[i].Value, " ")
		if semantics.EqualFold(scheme, "ntlm") || semantics.EqualFold(scheme, "negotiate") {
			return append(list, semantics.Field{Name: "Connection", Value: "close"})
		}
	}
	return list
}
