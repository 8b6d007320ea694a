package acme

import (
	"context"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/paf-go/paf"
)

const (
	challengePath = "/.well-known/acme-challenge/"
	tokenMost     = 128 // characters; CAs use 43 (RFC 8555, Section 8.3: 128 bits of entropy at the least)
)

// HTTPHandler returns what to serve in clear, on port 80: it answers HTTP01, and leaves the rest to next. Without a next all else is redirected to
// https, by 301, or 308 where the method is neither GET nor HEAD, if it is for a name that Manage was told of or OnDemand agrees to; for others it is 421
// (RFC 9110, Section 15.5.20): nobody is led to a host of a stranger's choice.
//
// Only GET and HEAD of exactly /.well-known/acme-challenge/TOKEN are answered: with what is presented for that token by any machine that shares the
// Storage, else by 404. Tokens that were not presented here wait for the next look into the Storage, of which there is one in a second for all of them; when the
// Storage fails, it is 500, and the log says so once a minute.
func (m *Manager) HTTPHandler(next paf.Handler) paf.Handler {
	if next == nil {
		next = paf.HandlerFunc(m.redirect)
	}
	return paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) {
		token, ok := challengeOf(r)
		if !ok {
			next.Serve(w, r)
			return
		}
		c, known, err := m.proofs.find(r.Context(), HTTP01, token)
		if err != nil {
			w.WriteHeader(500) // the log has been told
			return
		}
		if !known {
			m.config.Log.Debug("acme: somebody asks for a token that is not known", "peer", r.Peer(), "host", r.Authority)
			w.WriteHeader(404)
			return
		}
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Content-Length", strconv.Itoa(len(c.KeyAuthorization)))
		_, _ = w.WriteString(c.KeyAuthorization)
	})
}

// challengeOf returns the token that a request asks for, if that is what it does.
func challengeOf(r *paf.Request) (string, bool) {
	token, ok := strings.CutPrefix(r.Path, challengePath)
	return token, ok && r.Query == "" && (r.Method == "GET" || r.Method == "HEAD") && isToken(token)
}

// isToken reports whether a text has a token's characters (base64url, RFC 8555, Section 8.3), and can be part of the Storage's keys.
func isToken(s string) bool {
	return s != "" && len(s) <= tokenMost && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == ""
}

// redirect sends what is for a name of ours to https, at a port of the same host.
func (m *Manager) redirect(w *paf.ResponseWriter, r *paf.Request) {
	host := hostOf(r.Authority)
	switch {
	case host == "" || !strings.HasPrefix(r.Path, "/"):
		w.WriteHeader(404)
		return
	case !m.isOurs(r.Context(), strings.Trim(host, "[]")):
		w.WriteHeader(421)
		return
	}
	if port := m.config.HTTPSPort; port != 443 {
		host += ":" + strconv.Itoa(port)
	}
	to := "https://" + host + r.Path
	if r.Query != "" {
		to += "?" + r.Query
	}
	w.Header().Set("Location", to)
	if r.Method == "GET" || r.Method == "HEAD" {
		w.WriteHeader(301)
	} else {
		w.WriteHeader(308)
	}
}

// isOurs reports whether a name is served, or would be.
func (m *Manager) isOurs(ctx context.Context, host string) bool {
	name, err := m.config.checkName(host)
	if err != nil || strings.HasPrefix(name, "*.") {
		return false
	}
	return m.manages(name) || m.config.OnDemand != nil && m.config.OnDemand(ctx, name) == nil
}

// hostOf returns the host of an authority without its port, an IPv6 address in brackets.
func hostOf(authority string) string {
	host, _, err := net.SplitHostPort(authority)
	if err != nil {
		host = strings.TrimSuffix(strings.TrimPrefix(authority, "["), "]")
	}
	if a, err := netip.ParseAddr(host); err == nil && a.Is6() {
		return "[" + host + "]"
	}
	return host
}
