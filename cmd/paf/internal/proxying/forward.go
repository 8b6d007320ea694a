package proxying

import (
	"fmt"
	"reflect"
	"time"

	"github.com/paf-go/paf/proxy"
)

// A forward is the Forward that is in force. It lives as long as nothing changes of where clients may go and how: a connection that was
// opened under other rules is not used again.
type forward struct {
	*proxy.Forward
	said forwardSaid
}

type forwardSaid struct {
	access  proxy.Access
	passing Passing
	users   *Users
}

// forwarder returns the Forward of a plan: the one there is if that is possible.
func (r *Runner) forwarder(p *plan, n *next) *forward {
	said := forwardSaid{access: proxy.Access{Deny: p.Deny, Allow: p.Allow, Private: p.AllowPrivate}, passing: p.Passing, users: p.users}
	key := fmt.Sprint("forward ", time.Duration(p.Timeout)) // connections are kept apart by Forward, whoever shares the client
	if old := r.forward; old != nil && said.users == old.said.users && reflect.DeepEqual(said.access, old.said.access) && reflect.DeepEqual(said.passing, old.said.passing) {
		n.client(r, key, p.Timeout, true)
		return old
	}
	f := &forward{said: said}
	f.Forward = &proxy.Forward{
		Access:      said.access,
		Name:        r.name,
		Tunnels:     p.tunnels(),
		OpenTimeout: 10 * time.Second,
		Client:      n.client(r, key, p.Timeout, true).Client,
		OnDone:      r.done,
		OnError:     r.failed,
		Log:         r.log,
	}
	if p.users != nil {
		f.Authenticate = p.users.Authenticate
	}
	return f
}
