package acme

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/caddyserver/certmagic"
	"github.com/libdns/libdns"
	protocol "github.com/mholt/acmez/v3/acme"
	"go.uber.org/zap"
)

// A DNS says who writes the records of DNS01, and how to see that they are there.
type DNS struct {
	// Provider adds records to a zone and deletes them: there is a package of libdns for most companies that serve DNS, and for RFC 2136.
	Provider DNSProvider

	// Zone is the zone that the records are in, as "example.org". Default: it is asked for (the SOA record above the name). "." is for a Provider that does
	// not care which zone a name is in.
	Zone string

	// Resolvers are the servers, as "192.0.2.53:53", that must have the record before the CA is told to look. Default: all servers of the zone.
	Resolvers []string

	// Timeout is how long to wait for that. Default 2 minutes; negative: the CA is told at once.
	Timeout time.Duration

	// TTL is that of the records. Default 1 minute.
	TTL time.Duration
}

// A DNSProvider adds records to zones and deletes them.
type DNSProvider interface {
	libdns.RecordAppender
	libdns.RecordDeleter
}

const (
	dnsTimeout = 2 * time.Minute
	dnsTTL     = time.Minute
	dnsPause   = 500 * time.Millisecond // between looks; it doubles up to dnsMost
	dnsMost    = 8 * time.Second
)

// records are those that are presented at the moment.
type records struct {
	*DNS
	log *zap.Logger

	mu   sync.Mutex
	here map[string]record // by the proof, which no two challenges have in common
}

// newRecords returns nil if there is no DNS.
func newRecords(d *DNS, log *zap.Logger) *records {
	if d == nil {
		return nil
	}
	return &records{DNS: d, log: log, here: map[string]record{}}
}

type record struct {
	zone    string
	records []libdns.Record
}

func (r *records) put(ctx context.Context, c protocol.Challenge) error {
	name := c.DNS01TXTRecordName()
	zone, err := r.zone(ctx, name)
	if err != nil {
		return err
	}
	added, err := r.Provider.AppendRecords(ctx, zone, []libdns.Record{libdns.TXT{
		Name: libdns.RelativeName(name+".", zone), Text: c.DNS01KeyAuthorization(), TTL: cmp.Or(r.TTL, dnsTTL),
	}})
	if err != nil {
		return fmt.Errorf("the provider of DNS did not add a TXT record of %s: %w", name, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.here[c.DNS01KeyAuthorization()] = record{zone, added}
	return nil
}

// remove deletes it, whatever has become of ctx.
func (r *records) remove(ctx context.Context, c protocol.Challenge) error {
	r.mu.Lock()
	there, ok := r.here[c.DNS01KeyAuthorization()]
	delete(r.here, c.DNS01KeyAuthorization())
	r.mu.Unlock()
	if !ok {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), dnsTimeout)
	defer cancel()
	if _, err := r.Provider.DeleteRecords(ctx, there.zone, there.records); err != nil {
		return fmt.Errorf("the provider of DNS did not delete the TXT record of %s: %w", c.DNS01TXTRecordName(), err)
	}
	return nil
}

// zone returns the zone of a name that the Provider is told of, with a dot at its end.
func (r *records) zone(ctx context.Context, name string) (string, error) {
	switch zone := strings.TrimSuffix(r.Zone, "."); {
	case r.Zone == "":
		return r.apex(ctx, name)
	case r.Zone == "." || name == zone || strings.HasSuffix(name, "."+zone):
		return zone + ".", nil
	default:
		return "", fmt.Errorf("%s is not in the zone %s", name, zone)
	}
}

// apex finds the zone of a name in the DNS.
func (r *records) apex(ctx context.Context, name string) (string, error) {
	zone, err := certmagic.FindZoneByFQDN(ctx, r.log, name+".", certmagic.RecursiveNameservers(r.Resolvers))
	if err != nil {
		return "", fmt.Errorf("the zone of %s cannot be found, and may be set by DNS.Zone: %w", name, err)
	}
	return zone, nil
}

// wait returns when every server that is to have the record has it.
func (r *records) wait(ctx context.Context, c protocol.Challenge) error {
	if r.Timeout < 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(r.Timeout, dnsTimeout))
	defer cancel()
	name := c.DNS01TXTRecordName()
	servers, err := r.servers(ctx, name)
	if err != nil {
		return err
	}
	for pause := dnsPause; ; pause = min(2*pause, dnsMost) {
		servers = slices.DeleteFunc(servers, func(server string) bool { return shows(ctx, server, name, c.DNS01KeyAuthorization()) })
		if len(servers) == 0 {
			return nil
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return fmt.Errorf("the TXT record of %s was added, and does not show at %s: %w", name, strings.Join(servers, ", "), context.Cause(ctx))
		}
	}
}

// servers returns the addresses of those whom the CA will ask in the end.
func (r *records) servers(ctx context.Context, name string) ([]string, error) {
	if len(r.Resolvers) > 0 {
		return certmagic.RecursiveNameservers(r.Resolvers), nil
	}
	find := r.zone
	if r.Zone == "." { // whose servers are those of all names
		find = r.apex
	}
	zone, err := find(ctx, name)
	if err != nil {
		return nil, err
	}
	var servers []string
	found, err := net.DefaultResolver.LookupNS(ctx, zone)
	for _, ns := range found {
		servers = append(servers, net.JoinHostPort(strings.TrimSuffix(ns.Host, "."), "53"))
	}
	if len(servers) == 0 {
		return nil, fmt.Errorf("the servers of the zone %s cannot be found, and may be set by DNS.Resolvers: %w", zone, cmp.Or(err, errors.New("it has none")))
	}
	return servers, nil
}

// shows reports whether a server has a TXT record.
func shows(ctx context.Context, server, name, text string) bool {
	resolver := net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, server)
	}}
	all, err := resolver.LookupTXT(ctx, name+".")
	return err == nil && slices.Contains(all, text)
}
