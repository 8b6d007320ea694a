package h2

import (
	"slices"

	"github.com/paf-go/paf/hpack"
	"github.com/paf-go/paf/semantics"
)

// An asking is the head of the latest request. Clients send the same one again and again: once it has been sent twice, and no longer
// changes the table, its block is sent again without being checked and made anew. What a CONNECT may ask for depends on
// more than its head: it is not kept.
type asking struct {
	method string
	target semantics.Target
	fields []semantics.Field
	length int64 // of the content
	block  []byte
	table  hpack.TableState
	usable bool
}

// askingMost is how many fields a head may have in order to be kept.
const askingMost = 16

// is reports whether r can be sent as the block.
func (a *asking) is(r *semantics.Request, length int64, table hpack.TableState) bool {
	return a.usable && a.table == table && a.same(r, length)
}

func (a *asking) same(r *semantics.Request, length int64) bool {
	return a.method == r.Method && a.length == length && r.Upgrade == "" && a.target == r.Target && slices.Equal(a.fields, r.Fields.List())
}

// keep takes note of a block. One that was sent for the first time may yet be sent shorter, by an entry of the table.
func (a *asking) keep(r *semantics.Request, length int64, block []byte, before, after hpack.TableState) {
	a.usable = before == after && len(block) <= headMax && a.same(r, length)
	if a.usable {
		a.block, a.table = append(a.block[:0], block...), after
		return
	}
	clear(a.fields)
	a.method, a.fields = "", a.fields[:0]
	if r.Method != semantics.MethodConnect && r.Fields.Len() <= askingMost {
		a.method, a.target, a.length = r.Method, r.Target, length
		a.fields = append(a.fields, r.Fields.List()...)
	}
}
