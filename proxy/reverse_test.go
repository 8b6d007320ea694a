package proxy_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/proxy"
)

// show answers with what it has got.
func show(w http.ResponseWriter, r *http.Request) {
	content, err := io.ReadAll(r.Body)
	w.Header().Set("X-Content", fmt.Sprint(len(content), " ", err))
	w.Header().Set("Connection", "X-Secret, keep-alive")
	w.Header().Set("X-Secret", "for the hop alone")
	w.Header().Set("Trailer", "X-Sum")
	fmt.Fprintf(w, "%s %s %s\n", r.Method, r.Host, r.RequestURI)
	_ = r.Header.Write(w)
	_, _ = fmt.Fprintf(w, "trailer %v\n", r.Trailer)
	w.Header().Set("X-Sum", "of all")
}

func TestReverseTellsTheUpstreamWhoAsks(t *testing.T) {
	eachWay(t, func(t *testing.T, protocol paf.Protocol, scheme string) {
		at := before(t, &proxy.Reverse{Name: "here", Upstreams: []*proxy.Upstream{{URL: scheme + "://" + serveStd(t, show) + "/app/"}}})
		r, err := paf.NewRequest("GET", "http://"+at+"/a%2Fb?x=1", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Add("X-Forwarded-For", "6.6.6.6")
		r.Header.Add("Forwarded", "for=6.6.6.6")
		r.Header.Add("X-Own", "kept")
		resp, err := asker(t, protocol).Do(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		got := read(t, resp)
		version := "1.1 here"
		if protocol == paf.HTTP2 {
			version = "2.0 here"
		}
		for _, want := range []string{"GET " + at + " /app/a%2Fb?x=1\n", "X-Forwarded-For: 127.0.0.1\r\n", "X-Forwarded-Host: " + at + "\r\n",
			"X-Forwarded-Proto: http\r\n", "Via: " + version + "\r\n", "X-Own: kept\r\n"} {
			if !strings.Contains(got, want) {
				t.Errorf("no %q in %q", want, got)
			}
		}
		if strings.Contains(got, "6.6.6.6") {
			t.Errorf("a client's word was believed: %q", got)
		}
		if resp.Header.Has("X-Secret") && scheme == "http" {
			t.Errorf("a field for one hop came through: %v", resp.Header)
		}
		if resp.Trailer == nil || resp.Trailer.Get("X-Sum") != "of all" {
			t.Errorf("trailer %v", resp.Trailer)
		}
	})
}

func TestReversePassesContentAndTrailersOn(t *testing.T) {
	eachWay(t, func(t *testing.T, protocol paf.Protocol, scheme string) {
		at := before(t, &proxy.Reverse{Upstreams: []*proxy.Upstream{{URL: scheme + "://" + serveStd(t, show)}}})
		for _, n := range []int{1, 100_000, 3 << 20} {
			r, err := paf.NewRequest("POST", "http://"+at+"/", struct{ io.Reader }{bytes.NewReader(make([]byte, n))})
			if err != nil {
				t.Fatal(err)
			}
			trailer := paf.Fields{}
			trailer.Add("X-After", "yes")
			r.Trailer = &trailer
			r.Header.Add("Trailer", "X-After")
			resp, err := asker(t, protocol).Do(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			got := read(t, resp)
			if want := fmt.Sprint(n, " <nil>"); resp.Header.Get("X-Content") != want || !strings.Contains(got, "trailer map[X-After:[yes]]") {
				t.Errorf("%d bytes: %v, %q", n, resp.Header, got)
			}
		}
	})
}

func TestAnUpstreamMayBeAUnixSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a=b.sock")
	ln, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	upstream := &http.Server{Handler: http.HandlerFunc(show)}
	go func() { _ = upstream.Serve(ln) }()
	defer upstream.Close()
	at := before(t, &proxy.Reverse{Upstreams: []*proxy.Upstream{{URL: "http+unix://" + url.PathEscape(path) + "/app/"}}})
	resp, err := asker(t, paf.HTTP11).Get(t.Context(), "http://"+at+"/a%2Fb")
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, resp); !strings.HasPrefix(got, "GET "+at+" /app/a%2Fb\n") {
		t.Errorf("%q", got)
	}
	for _, wrong := range []string{"http+unix://", "http+unix:///run/s", "http+unix://%zz", "http+unix://s?x", "http+unix://s/a#b"} {
		if err := new(proxy.Reverse).Use([]*proxy.Upstream{{URL: wrong}}); err == nil {
			t.Errorf("%q is taken", wrong)
		}
	}
}
