package loop

import (
	"time"

	"github.com/paf-go/paf/semantics"
)

// A stamp is a second and its Date.
type stamp struct {
	second int64
	text   string
}

// date returns the Date of the second of the last tick, made once a second.
func (g *Group) date() string {
	second := (g.origin.UnixNano() + int64(g.now())) / 1e9 // the wall's seconds do not begin where the group's do
	if s := g.stamp.Load(); s != nil && s.second == second {
		return s.text
	}
	s := &stamp{second, string(semantics.AppendDate(nil, time.Now()))}
	g.stamp.Store(s)
	return s.text
}
