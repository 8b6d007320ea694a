package acme

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	protocol "github.com/mholt/acmez/v3/acme"
)

// A CA that speaks enough of ACME for one order, and has somebody else's key authorization and a path for a token in its answers.
type hostile struct {
	*httptest.Server
	manager  *Manager
	chain    []byte
	refusal  any                                // within the order, where there is no chain
	answered atomic.Pointer[protocol.Challenge] // what was presented when it was to look
}

func newHostile(t *testing.T, chain []byte) *hostile {
	h := &hostile{chain: chain}
	h.Server = httptest.NewTLSServer(h)
	roots := x509.NewCertPool()
	roots.AddCert(h.Certificate())
	h.manager = manager(t, Config{CAs: []CA{{URL: h.URL + "/dir", Roots: roots}}, AgreeToTerms: true, Challenges: []Challenge{HTTP01}})
	t.Cleanup(h.Close) // before the Manager is closed
	return h
}

// ServeHTTP answers whatever is asked, whoever has signed it.
func (h *hostile) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Replay-Nonce", fmt.Sprint("nonce", r.RemoteAddr, r.URL.Path))
	at := func(path string) string { return h.URL + path }
	send := func(status int, v any) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Location", at(r.URL.Path+"/1"))
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(v)
	}
	theirs := map[string]any{
		"type": "http-01", "url": at("/challenge"), "status": "pending", "token": "token", "keyAuthorization": "token.theirs",
	}
	ours := map[string]any{"type": "dns", "value": "example.org"}
	order := map[string]any{"status": "pending", "identifiers": []any{ours}, "authorizations": []any{at("/authz")}, "finalize": at("/finalize")}
	switch strings.TrimSuffix(r.URL.Path, "/1") {
	case "/dir":
		send(200, map[string]any{"newNonce": at("/nonce"), "newAccount": at("/account"), "newOrder": at("/order"), "revokeCert": at("/revoke")})
	case "/account":
		send(201, map[string]any{"status": "valid"})
	case "/order":
		if h.answered.Load() != nil {
			order["status"] = "ready"
		}
		send(201, order)
	case "/authz":
		status := "pending"
		if h.answered.Load() != nil {
			status = "valid"
		}
		send(200, map[string]any{"status": status, "identifier": ours, "challenges": []any{theirs}})
	case "/challenge":
		if c, known, _ := h.manager.proofs.find(r.Context(), HTTP01, "token"); known {
			h.answered.Store(&c)
		}
		theirs["token"], theirs["type"] = "../../victim", "http-01"
		send(200, theirs)
	case "/finalize":
		if h.chain == nil {
			order["status"], order["error"] = "invalid", h.refusal
			send(200, order)
			return
		}
		order["status"], order["certificate"] = "valid", at("/certificate")
		send(200, order)
	case "/certificate":
		w.Header().Set("Content-Type", "application/pem-certificate-chain")
		w.Header().Set("Link", `<`+at("/certificate")+`>;rel="up"`)
		_, _ = w.Write(h.chain)
	}
}

func TestAHostileCAGetsNothing(t *testing.T) {
	chain, _ := issue(t, nil, newKey(t))
	h := newHostile(t, chain)
	const victim = "paf/victim.json" // where the token leads to
	if err := h.manager.config.Storage.Store(t.Context(), victim, nil); err != nil {
		t.Fatal(err)
	}
	err := h.manager.manage(t.Context(), "example.org")
	var e *Error
	if !errors.As(err, &e) || !errors.Is(err, ErrCertificate) {
		t.Errorf("%v", err)
	}
	account, err := h.manager.issuers[0].load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	print, err := account.Thumbprint()
	if c := h.answered.Load(); err != nil || c == nil || c.KeyAuthorization != "token."+print {
		t.Errorf("presented: %+v, %v", c, err)
	}
	if !h.manager.config.Storage.Exists(t.Context(), victim) {
		t.Error("the CA has had a file deleted")
	}
	if _, known, _ := h.manager.proofs.find(t.Context(), HTTP01, "token"); known {
		t.Error("the proof was left")
	}
	if all, err := List(t.Context(), h.manager.config.Storage); err != nil || len(all) > 0 {
		t.Errorf("%v, %v", all, err)
	}
}

// Who is tried again in the background because he has failed is not when his certificate is revoked.
func TestARevocationEndsWhatIsTriedAgain(t *testing.T) {
	chain, _ := issue(t, nil, newKey(t))
	m := newHostile(t, chain).manager
	if err := m.Manage(t.Context(), "example.org"); !errors.Is(err, ErrCertificate) {
		t.Fatal(err)
	}
	n := m.managed["example.org"]
	if !n.again {
		t.Fatal("it is not tried again")
	}
	now := time.Now()
	store(t, m, "example.org", now, now.Add(time.Hour), func(*x509.Certificate) string { return "{}" })
	if err := m.Revoke(t.Context(), "example.org", 0); err != nil {
		t.Fatal(err)
	}
	<-n.ctx.Done()
	if err := m.manage(t.Context(), "example.org"); !errors.Is(err, errBarred) || m.manages("example.org") {
		t.Errorf("what was begun before: %v", err)
	}
	m.keep("example.org")
	if err := m.manage(t.Context(), "example.org"); !errors.Is(err, ErrCertificate) {
		t.Errorf("what is begun anew: %v", err)
	}
}

func TestAProblemWithinAnOrderIsOne(t *testing.T) {
	h := newHostile(t, nil)
	h.refusal = map[string]any{"type": "urn:ietf:params:acme:error:caa", "detail": "CAA says no", "status": 403}
	err := h.manager.manage(t.Context(), "example.org")
	var e *Error
	if !errors.As(err, &e) || e.Problem != (Problem{"caa", 403, "CAA says no"}) || !strings.Contains(e.Advice, "CAA record of example.org") {
		t.Errorf("%v", err)
	}
	h.refusal = nil
	h.answered.Store(nil)
	if err := h.manager.manage(t.Context(), "example.org"); !errors.As(err, &e) || e.Problem != (Problem{}) || e.Error() == "" {
		t.Errorf("%v", err)
	}
}

// A CA that does not answer does not keep others from answering.
func TestASlowCAHoldsUpNoOther(t *testing.T) {
	asked, over := make(chan struct{}), make(chan struct{})
	slow := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		asked <- struct{}{}
		<-over
	}))
	roots := x509.NewCertPool()
	roots.AddCert(slow.Certificate())
	stuck := manager(t, Config{CAs: []CA{{URL: slow.URL + "/dir", Roots: roots}}, AgreeToTerms: true})
	t.Cleanup(slow.Close)
	ended := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { ended <- stuck.manage(ctx, "example.org") }()
	<-asked
	chain, _ := issue(t, nil, newKey(t))
	ours, stop := context.WithTimeout(t.Context(), 10*time.Second)
	defer stop()
	if err := newHostile(t, chain).manager.manage(ours, "example.net"); err == nil || ours.Err() != nil || !strings.Contains(err.Error(), "ordered") {
		t.Error(err)
	}
	cancel()
	close(over)
	if err := <-ended; err == nil {
		t.Error("there is a certificate")
	}
}

func TestADirectoryThatIsNoneIsSaidToBe(t *testing.T) {
	for text, want := range map[string]string{
		`{"newNonce":"x"}`: "where accounts", `[]`: "cannot unmarshal", `{"type":"urn:ietf:params:acme:error:serverInternal","detail":"Down."}`: "says: Down (serverInternal)", "": "HTTP 503",
	} {
		ca := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			switch {
			case strings.Contains(want, "says"):
				w.Header().Set("Content-Type", "application/problem+json; charset=utf-8")
				w.WriteHeader(500)
			case text == "":
				w.WriteHeader(503)
			}
			_, _ = w.Write([]byte(text))
		}))
		roots := x509.NewCertPool()
		roots.AddCert(ca.Certificate())
		m := manager(t, Config{CAs: []CA{{URL: ca.URL + "/dir", Roots: roots}}, AgreeToTerms: true})
		if err := m.manage(t.Context(), "example.org"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", want, err)
		}
		ca.Close()
	}
}
