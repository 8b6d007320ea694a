package paf_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/internal/testkit"
	"github.com/paf-go/paf/mimic"
)

// atSocket serves at a Unix socket until the test ends, and returns its path and what a URL has for it.
func atSocket(t testing.TB, s *paf.Server, config *tls.Config) (path, host string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "ß +%:?.sock")
	ln, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	if config != nil {
		ln = tls.NewListener(ln, config)
	}
	testkit.Serve(t, s, ln)
	return path, url.PathEscape(path)
}

// The path of a socket stands for the host, as other programs write it. Who serves there is told localhost.
func TestURLLeadsToASocket(t *testing.T) {
	say := func(name string) *paf.Server {
		return handle(func(w *paf.ResponseWriter, r *paf.Request) {
			fmt.Fprintf(w, "%s: %s %s %s?%s %s %s", name, r.Scheme, r.Authority, r.Path, r.Query, r.Header.Get("Host"), r.Header.Get("Authorization"))
		})
	}
	cert, roots := selfSigned()
	_, one := atSocket(t, say("one"), nil)
	_, two := atSocket(t, say("two"), nil)
	_, tlsHost := atSocket(t, say("tls"), &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"h2"}})
	tcp := serve(t, say("tcp"))
	// Whatever else the context leads to is for something else.
	c := &paf.Client{Context: mimic.Add(mimic.Add(mimic.Context{}, paf.TLSConfig, &tls.Config{RootCAs: roots}), paf.TCP, tcp)}
	defer c.Close()
	for _, test := range []struct{ url, want string }{
		{"http+unix://" + one + "/a%2Fb?c=d", "one: http localhost /a%2Fb?c=d localhost "},
		{"http+unix://" + two, "two: http localhost /? localhost "},
		{"HTTP+Unix://" + strings.ReplaceAll(one, "%2F", "%2f") + "?x", "one: http localhost /?x localhost "},
		{"http+unix://user:pa%40ss@" + one + "/#f", "one: http localhost /? localhost Basic dXNlcjpwYUBzcw=="},
		{"https+unix://" + tlsHost + "/s", "tls: https localhost /s?  "},
		{"http://localhost/", "tcp: http localhost /? localhost "},
	} {
		resp, err := c.Get(t.Context(), test.url)
		if err != nil {
			t.Errorf("%s: %v", test.url, err)
			continue
		}
		if got := readAll(t, resp); got != test.want {
			t.Errorf("%s: %q, want %q", test.url, got, test.want)
		}
	}
	if n := c.Stats().Opened; n != 4 {
		t.Errorf("%d connections, want one for each place", n)
	}
	_, err := c.Get(t.Context(), "http+unix://%2Fnonexistent%2Fsocket/")
	var op *net.OpError
	if !errors.As(err, &op) || op.Net != "unix" {
		t.Errorf("a socket that does not exist: %v", err)
	}
}

// Those who ask a server at a socket at the same time share a connection of HTTP/2, as anywhere else.
func TestConnectionsToASocketAreShared(t *testing.T) {
	cert, roots := selfSigned()
	_, host := atSocket(t, handle(hello), &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"h2"}})
	c := &paf.Client{Context: mimic.Add(mimic.Context{}, paf.TLSConfig, &tls.Config{RootCAs: roots})}
	defer c.Close()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			resp, err := c.Get(t.Context(), "https+unix://"+host+"/x")
			if err != nil {
				t.Error(err)
				return
			}
			_ = readAll(t, resp)
		})
	}
	all.Wait()
	if n := c.Stats().Opened; n != 1 {
		t.Errorf("%d connections", n)
	}
}

func TestURLLeadsToAnAbstractSocket(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("SKIPPED: abstract Unix sockets are Linux's")
	}
	ln, err := net.Listen("unix", "@paf/test/"+filepath.Base(t.TempDir())+t.Name())
	if err != nil {
		t.Fatal(err)
	}
	testkit.Serve(t, handle(hello), ln)
	c := newClient(t)
	resp, err := c.Get(t.Context(), "http+unix://"+url.QueryEscape(ln.Addr().String())+"/x")
	if err != nil {
		t.Fatal(err)
	}
	if got := readAll(t, resp); got != "hello /x" {
		t.Errorf("got %q", got)
	}
}

func TestURLsOfSocketsAreTakenApart(t *testing.T) {
	for in, want := range map[string]string{
		"http+unix://%2Frun%2Fapp.sock/x?y":  "http+unix://%2Frun%2Fapp.sock/x?y",
		"HTTPS+UNIX://%2frun%2fa%20b":        "https+unix://%2Frun%2Fa%20b/",
		"http+unix://u:p@%40name/":           "http+unix://%40name/",
		"http+unix://app.sock/":              "http+unix://.%2Fapp.sock/",
		"http+unix://%2Fa%40b%3A1?x://y@z/":  "http+unix://%2Fa%40b%3A1/?x://y@z/",
		"http+unix:///run/app.sock":          "",
		"http+unix://":                       "",
		"http+unix:/run/app.sock":            "",
		"http+unix://%00abstract/":           "",
		"http+unix://%2Frun%2/":              "",
		"ftp+unix://%2Frun%2Fapp.sock/":      "",
		"+unix://%2Frun%2Fapp.sock/":         "",
		"http+unix+unix://%2Frun%2Fapp.sock": "",
		"http://%2Frun%2Fapp.sock/":          "",
		"http+unix://u:secret@/x":            "",
	} {
		r, err := paf.NewRequest("GET", in, nil)
		var bad *paf.URLError
		switch {
		case want == "" && (!errors.As(err, &bad) || strings.Contains(err.Error(), "secret")):
			t.Errorf("%s: %v", in, err)
		case want != "" && err != nil:
			t.Errorf("%s: %v", in, err)
		case want != "" && r.URL() != want:
			t.Errorf("%s is %s, want %s", in, r.URL(), want)
		}
	}
}

// Whoever may connect to a socket is trusted there: what is found elsewhere does not lead to one.
func TestRedirectsLeadToNoOtherSocket(t *testing.T) {
	login := ""
	redirecting := func(w *paf.ResponseWriter, r *paf.Request) {
		if to := r.Header.Get("To"); to != "" && r.Path != "/end" {
			w.Header().Set("Location", to)
			w.WriteHeader(307)
		}
		login = r.Header.Get("Authorization")
		_, _ = io.WriteString(w, r.Authority+r.Path)
	}
	addr := serve(t, handle(redirecting))
	path, host := atSocket(t, handle(redirecting), nil)
	_, other := atSocket(t, handle(redirecting), nil)
	c := newClient(t)
	for _, test := range []struct{ from, to, want string }{
		{"http+unix://" + host, "/end", "localhost/end"},
		{"http+unix://" + host, "end", "localhost/end"},
		{"http+unix://" + host, "//localhost/end", "localhost/end"},
		{"http+unix://" + host, "http+unix://" + host + "/end", "localhost/end"},
		{"http+unix://" + host, "http://" + addr + "/end", addr + "/end"},
		{"http+unix://" + host, "/end?to=http+unix://" + other, "localhost/end"},
		{"http://" + addr, "/end?to=http+unix://" + host, addr + "/end"},
		{"http://" + addr, "/end#http+unix://" + host, addr + "/end"},
		{"http://" + addr, "../end?+unix://", addr + "/end"},
		{"http+unix://" + host, "http+unix://" + other + "/end", ""},
		{"http+unix://" + host, "https+unix://" + host + "/end", ""},
		{"http+unix://" + host, "http+unix://" + strings.ToUpper(host) + "/end", ""},
		{"http+unix://" + host, "//elsewhere/end", ""},
		{"http+unix://" + host, "//" + other + "/end", ""},
		{"http+unix://" + host, "http+unix:/end", ""},
		{"http://" + addr, "http+unix://" + host + "/end", ""},
		{"http://" + addr, "HTTP+UNIX://" + host + "/end", ""},
		{"http://" + addr, "http+unix:" + path, ""},
		{"http://" + addr, "http+unix://localhost/end", ""},
	} {
		r := newRequest(t, "GET", test.from, nil)
		r.Header.Set("To", test.to)
		r.Header.Set("Authorization", "secret")
		resp, err := c.Do(t.Context(), r)
		if test.want == "" {
			var bad *paf.URLError
			if !errors.As(err, &bad) {
				t.Errorf("%s to %s: %v", test.from, test.to, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s to %s: %v", test.from, test.to, err)
			continue
		}
		if got := readAll(t, resp); got != test.want {
			t.Errorf("%s to %s: %q", test.from, test.to, got)
		}
		if kept := login == "secret"; kept != (strings.HasPrefix(test.want, "localhost/") || strings.HasPrefix(test.from, "http:")) {
			t.Errorf("%s to %s: the login is kept: %t", test.from, test.to, kept)
		}
	}
}

// What a server that trusts its clients' schemes has received and sends on does not lead to a socket, whatever it says.
func TestNoRequestThatWasReceivedLeadsToASocket(t *testing.T) {
	t.Chdir(t.TempDir())
	ln, err := net.Listen("unix", "app.sock")
	if err != nil {
		t.Fatal(err)
	}
	testkit.Serve(t, handle(hello), ln)
	_, host := atSocket(t, handle(hello), nil)
	c := newClient(t)
	var sent error
	s := handle(func(w *paf.ResponseWriter, r *paf.Request) {
		var resp *paf.Response
		if resp, sent = c.Do(r.Context(), &paf.Request{Method: r.Method, Target: r.Target}); sent == nil {
			resp.Body.Close()
		}
	})
	s.TrustScheme = true
	addr := serve(t, s)
	for _, authority := range []string{host, "%40name", "app.sock", strings.ReplaceAll(host, "%2F", "/")} {
		sent = nil
		got := exchangeRaw(t, addr, "GET http+unix://"+authority+"/ HTTP/1.1\r\nHost: "+authority+"\r\nConnection: close\r\n\r\n")
		if !strings.HasPrefix(got, "HTTP/1.1 400") && sent == nil {
			t.Errorf("a request for %s was sent on", authority)
		}
	}
}
