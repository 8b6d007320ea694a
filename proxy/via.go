package proxy

import (
	"cmp"
	"crypto/rand"
	"strings"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/semantics"
)

// A via is what a proxy adds to the Via field (RFC 9110, Section 7.6.3): the version that a message came with, and its own name.
type via struct{ name, http10, http11, http2 string }

// newVia makes a name by chance if there is none.
func newVia(name string) via {
	name = cmp.Or(name, "paf-"+rand.Text()[:8])
	return via{name, "1.0 " + name, "1.1 " + name, "2.0 " + name}
}

func (v *via) field(p paf.Protocol) semantics.Field {
	member := v.http11
	switch p {
	case paf.HTTP10:
		member = v.http10
	case paf.HTTP2:
		member = v.http2
	}
	return semantics.Field{Name: "Via", Value: member}
}

// passed reports whether a request has been here before. RFC 9110, Section 7.6.3: a member of Via is a protocol, a name, and perhaps a comment.
func (v *via) passed(f *paf.Fields) bool {
	for hop := range f.Members("Via") {
		if said := strings.Fields(hop); len(said) > 1 && said[1] == v.name {
			return true
		}
	}
	return false
}
