package nethttp_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/paf-go/paf/nethttp"
)

// A proxy writes the response of 101 as it is: what Response.Write makes of it must ask for nothing else than what the server has said.
func TestASwitchedResponseCanBeHandedOn(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Upgrade", "a")
		w.WriteHeader(http.StatusSwitchingProtocols)
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_ = c.Close()
	}))
	defer s.Close()
	rt := &nethttp.Transport{}
	defer rt.Close()
	r, err := http.NewRequest("GET", s.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Connection", "Upgrade")
	r.Header.Set("Upgrade", "a")
	resp, err := rt.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	body := resp.Body
	defer body.Close()
	if _, writes := body.(io.ReadWriteCloser); !writes || resp.ContentLength != 0 || resp.Close {
		t.Errorf("%T of length %d, close %t", body, resp.ContentLength, resp.Close)
	}
	resp.Body = nil
	var written strings.Builder
	if err := resp.Write(&written); err != nil || strings.Contains(strings.ToLower(written.String()), "close") {
		t.Errorf("%q, %v", written.String(), err)
	}
}
