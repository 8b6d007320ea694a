package paf_test

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/internal/testkit"
)

// serveTLS serves over TLS that offers protocols, and returns a client that trusts it.
func serveTLS(t *testing.T, s *paf.Server, protocols ...string) (url string, c *paf.Client, std *http.Client) {
	t.Helper()
	peer := httptest.NewUnstartedServer(nil)
	peer.EnableHTTP2 = true
	peer.StartTLS() // for its certificate
	t.Cleanup(peer.Close)
	ln := testkit.Listen(t)
	testkit.Serve(t, s, tls.NewListener(ln, &tls.Config{Certificates: peer.TLS.Certificates, NextProtos: protocols}))
	c = trusting(peer)
	t.Cleanup(c.Close)
	return "https://" + ln.Addr().String(), c, peer.Client()
}

func echoBack(w *paf.ResponseWriter, r *paf.Request) {
	w.Header().Set("X-Protocol", r.Protocol.String())
	w.Header().Set("X-Scheme", r.Scheme)
	_, _ = io.Copy(w, r.Body)
}

func TestNegotiationDecides(t *testing.T) {
	for _, c := range []struct {
		offered []string
		only    paf.Protocol
		want    string
	}{
		{[]string{"h2", "http/1.1"}, 0, "HTTP/2.0"},
		{[]string{"http/1.1"}, 0, "HTTP/1.1"},
		{[]string{"h2", "http/1.1"}, paf.HTTP11, "HTTP/1.1"},
		{[]string{"h2", "http/1.1"}, paf.HTTP2, "HTTP/2.0"},
		{nil, 0, "HTTP/1.1"},
	} {
		url, client, _ := serveTLS(t, handle(echoBack), c.offered...)
		client.Protocol = c.only
		r := newRequest(t, "POST", url, strings.NewReader("content"))
		resp, err := client.Do(t.Context(), r)
		if err != nil {
			t.Errorf("%v, %v: %v", c.offered, c.only, err)
			continue
		}
		if got := readAll(t, resp); got != "content" || resp.Header.Get("X-Protocol") != c.want || resp.Header.Get("X-Scheme") != "https" {
			t.Errorf("%v, %v: %q, %v", c.offered, c.only, got, resp.Header.String())
		}
	}
}

func TestPriorKnowledgeAndHTTP1ShareAPort(t *testing.T) {
	addr := serve(t, handle(echoBack))
	for _, protocol := range []paf.Protocol{paf.HTTP2, paf.HTTP11, 0} {
		c := &paf.Client{Protocol: protocol}
		resp, err := c.Do(t.Context(), newRequest(t, "POST", "http://"+addr, strings.NewReader("content")))
		if err != nil {
			t.Fatal(protocol, err)
		}
		want := protocol
		if want == 0 {
			want = paf.HTTP11
		}
		if got := readAll(t, resp); got != "content" || resp.Header.Get("X-Protocol") != want.String() {
			t.Errorf("%v: %q, %v", protocol, got, resp.Header.String())
		}
		c.Close()
	}
}

func TestNetHTTPSpeaksHTTP2ToTheServer(t *testing.T) {
	url, _, std := serveTLS(t, handle(echoBack), "h2")
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			body := bytes.Repeat([]byte{byte(i)}, i*10_000)
			resp, err := std.Post(url, "application/octet-stream", bytes.NewReader(body))
			if err != nil {
				t.Error(err)
				return
			}
			got, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if err != nil || !bytes.Equal(got, body) || resp.ProtoMajor != 2 {
				t.Errorf("%d of %d bytes, %v, %s", len(got), len(body), err, resp.Proto)
			}
		})
	}
	wg.Wait()
}

func TestClientSpeaksHTTP2ToNetHTTP(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Protocol", r.Proto)
		_, _ = io.Copy(w, r.Body)
	}))
	s.EnableHTTP2 = true
	s.StartTLS()
	defer s.Close()
	c := trusting(s)
	defer c.Close()
	var wg sync.WaitGroup
	for i := range 400 {
		wg.Go(func() {
			body := bytes.Repeat([]byte{byte(i)}, i*1000)
			resp, err := c.Do(t.Context(), newRequest(t, "POST", s.URL, bytes.NewReader(body)))
			if err != nil {
				t.Error(err)
				return
			}
			got, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if err != nil || !bytes.Equal(got, body) || resp.Header.Get("X-Protocol") != "HTTP/2.0" {
				t.Errorf("%d of %d bytes, %v", len(got), len(body), err)
			}
		})
	}
	wg.Wait()
	if stats := c.Stats(); stats.Opened > 4 {
		t.Errorf("%d connections", stats.Opened)
	}
}

// A handler that blocks, in paf or elsewhere, holds up no other stream of its connection.
func TestABlockingHandlerHoldsUpNoOther(t *testing.T) {
	release := make(chan struct{})
	url, c, _ := serveTLS(t, handle(func(w *paf.ResponseWriter, r *paf.Request) {
		switch r.Path {
		case "/blocks":
			<-release
		case "/reads":
			_, _ = io.Copy(io.Discard, r.Body)
		}
		fmt.Fprint(w, "done ", r.Path)
	}), "h2")
	get := func(path string) { // which is a claim about one connection
		resp, err := c.Get(t.Context(), url+path)
		if err != nil {
			t.Error(err)
			return
		}
		if got := readAll(t, resp); got != "done "+path {
			t.Errorf("got %q", got)
		}
	}
	get("/first")
	var wg sync.WaitGroup
	hold, let := io.Pipe()
	for range 5 {
		wg.Go(func() { get("/blocks") })
	}
	wg.Go(func() {
		resp, err := c.Do(t.Context(), newRequest(t, "POST", url+"/reads", hold))
		if err != nil {
			t.Error(err)
			return
		}
		_ = readAll(t, resp)
	})
	time.Sleep(20 * time.Millisecond)
	var took []time.Duration
	for range 200 {
		start := time.Now()
		get("/quick")
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	// Those that are held up by a handler are so until it returns; a busy machine may hold up one or another.
	t.Logf("the slowest of the others took %v", took[199])
	if took[180] > 100*time.Millisecond || took[199] > 2*time.Second {
		t.Errorf("they took up to %v, and nine of ten up to %v", took[199], took[180])
	}
	_ = let.Close()
	close(release)
	wg.Wait()
	if stats := c.Stats(); stats.Opened != 1 {
		t.Errorf("%d connections", stats.Opened)
	}
}

// Requests with the same head share its memory; what one handler changes of it no other sees.
func TestHandlersOfTheSameHeadDoNotSeeEachOther(t *testing.T) {
	var mu sync.Mutex
	seen := map[string]int{}
	arrived := make(chan struct{}, 50)
	addr := serve(t, handle(func(w *paf.ResponseWriter, r *paf.Request) {
		arrived <- struct{}{}
		for len(arrived) < cap(arrived) { // all at once
			time.Sleep(time.Millisecond)
		}
		r.Header.Set("X-Mine", r.Header.Get("X-Mine")+"+")
		r.Header.Add("X-Other", "new")
		r.Path += "/changed"
		mu.Lock()
		defer mu.Unlock()
		seen[r.Path+" "+r.Header.Get("X-Mine")+" "+fmt.Sprint(r.Header.Count("X-Other"))]++
	}))
	c := &paf.Client{Protocol: paf.HTTP2}
	defer c.Close()
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			r := newRequest(t, "GET", "http://"+addr+"/same", nil)
			r.Header.Add("X-Mine", "a")
			resp, err := c.Do(t.Context(), r)
			if err != nil {
				t.Error(err)
				return
			}
			readAll(t, resp)
		})
	}
	wg.Wait()
	if len(seen) != 1 || seen["/same/changed a+ 1"] != 50 {
		t.Errorf("seen: %v", seen)
	}
}
