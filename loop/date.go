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
	second := g.now()/1e9 + 1
	if s := g.stamp.Load(); s != nil && s.second == int64(second) {
		return s.text
	}
	s := &stamp{int64(second), string(semantics.AppendDate(nil, time.Now()))}
	g.stamp.Store(s)
	return s.text
}
