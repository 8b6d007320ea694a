package paf_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/paftest"
)

// A trail is a server for any host that redirects from /STATUS to what the field To says, and notes what it is asked.
type trail struct {
	*paftest.Server
	mu   sync.Mutex
	seen []string
	last paf.Fields
}

func newTrail(t *testing.T) *trail {
	s := &trail{}
	s.Server = paftest.Start(t, &paf.Server{Handler: s, Log: slog.New(slog.DiscardHandler)})
	return s
}

func (s *trail) Serve(w *paf.ResponseWriter, r *paf.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	s.seen = append(s.seen, fmt.Sprintf("%s %s%s %q", r.Method, r.Authority, r.Path, body))
	s.last = r.Header.Clone()
	s.mu.Unlock()
	var status int
	if _, err := fmt.Sscanf(r.Path, "/%d", &status); err == nil {
		w.Header().Set("Location", r.Header.Get("To"))
		w.WriteHeader(status)
		_, _ = w.Write(make([]byte, len(r.Header.Get("Large"))<<20))
	}
}

// do sends a request and returns the response's status and the requests that the server has seen since.
func (s *trail) do(t *testing.T, r *paf.Request) (status int, seen string) {
	t.Helper()
	s.seen = nil
	resp, err := s.Client.Do(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	_ = readAll(t, resp)
	s.mu.Lock()
	defer s.mu.Unlock()
	return resp.Status, strings.Join(s.seen, ", ")
}

func toward(t *testing.T, method, url, to string, body io.Reader) *paf.Request {
	r := newRequest(t, method, url, body)
	r.Header.Set("To", to)
	return r
}

// RFC 9110, Section 15.4: 301 and 302 turn POST into GET, for history's sake, and nothing else; 303 all but HEAD;
// 307 and 308 nothing.
func TestRedirectKeepsOrChangesTheMethodByItsStatus(t *testing.T) {
	s := newTrail(t)
	for status, rows := range map[int][][2]string{
		301: {{"GET", "GET"}, {"HEAD", "HEAD"}, {"POST", "GET"}, {"PUT", "PUT"}, {"DELETE", "DELETE"}},
		302: {{"GET", "GET"}, {"HEAD", "HEAD"}, {"POST", "GET"}, {"PUT", "PUT"}, {"PATCH", "PATCH"}},
		303: {{"GET", "GET"}, {"HEAD", "HEAD"}, {"POST", "GET"}, {"PUT", "GET"}, {"DELETE", "GET"}},
		307: {{"GET", "GET"}, {"HEAD", "HEAD"}, {"POST", "POST"}, {"PUT", "PUT"}, {"DELETE", "DELETE"}},
		308: {{"GET", "GET"}, {"HEAD", "HEAD"}, {"POST", "POST"}, {"PUT", "PUT"}, {"PATCH", "PATCH"}},
	} {
		for _, row := range rows {
			var body io.Reader
			first, second := `""`, `""`
			if row[0] != "GET" && row[0] != "HEAD" {
				body, first = strings.NewReader("content"), `"content"`
				if row[1] == row[0] {
					second = first
				}
			}
			want := fmt.Sprintf("%s a.test/%d %s, %s a.test/end %s", row[0], status, first, row[1], second)
			got, seen := s.do(t, toward(t, row[0], fmt.Sprintf("http://a.test/%d", status), "/end", body))
			if got != 200 || seen != want {
				t.Errorf("%d: the server saw\n%s, want\n%s", got, seen, want)
			}
		}
	}
}

// 300 leaves the choice to the user, 304 and 305 lead nowhere, and a success may have a Location too (201).
func TestOnlyFiveStatusesAreFollowed(t *testing.T) {
	s := newTrail(t)
	for _, status := range []int{200, 201, 300, 304, 305, 306, 399, 400} {
		got, seen := s.do(t, toward(t, "GET", fmt.Sprintf("http://a.test/%d", status), "/end", nil))
		if got != status || strings.Contains(seen, "end") {
			t.Errorf("%d: got %d after %s", status, got, seen)
		}
	}
	if got, seen := s.do(t, toward(t, "GET", "http://a.test/302", "", nil)); got != 302 {
		t.Errorf("without a Location: got %d after %s", got, seen)
	}
}

// RFC 9110, Section 15.4: with the content go the fields that spoke of it; the others stay, in order.
func TestRedirectToGetDropsWhatSpeaksOfContent(t *testing.T) {
	s := newTrail(t)
	send := func(status int) string {
		r := toward(t, "POST", fmt.Sprintf("http://a.test/%d", status), "/end", strings.NewReader("content"))
		for _, name := range []string{"X-First", "Content-Type", "content-encoding", "Content-Language", "Content-Location", "Digest", "Last-Modified", "Accept", "X-Last"} {
			r.Header.Add(name, "v")
		}
		s.do(t, r)
		var names []string
		for _, f := range s.last.List() {
			names = append(names, strings.ToLower(f.Name))
		}
		return strings.Join(names, " ")
	}
	if got := send(303); got != "host to x-first accept x-last" {
		t.Errorf("after 303: %s", got)
	}
	if got := send(307); got != "host to x-first content-type content-encoding content-language content-location digest last-modified accept x-last content-length" {
		t.Errorf("after 307: %s", got)
	}
}

// What proves who the user is goes to the origin it is for and to no other: scheme, host and port (RFC 9110, Section 4.3.1),
// where case does not matter and a port that is not named is the usual one.
func TestCredentialsStayWithTheirOrigin(t *testing.T) {
	s := newTrail(t)
	for _, test := range []struct {
		from, to string
		kept     bool
	}{
		{"http://a.test/302", "/end", true},
		{"http://a.test/302", "http://A.TEST/end", true},
		{"http://A.test/302", "http://a.test:80/end", true},
		{"http://a.test:80/302", "HTTP://a.test/end", true},
		{"http://a.test/302", "//a.test/end", true},
		{"http://a.test/302", "http://a.test:81/end", false},
		{"http://a.test/302", "http://b.test/end", false},
		{"http://a.test/302", "http://sub.a.test/end", false},
		{"http://sub.a.test/302", "http://a.test/end", false},
		{"http://a.test/302", "http://a.test.evil/end", false},
		{"http://a.test:443/302", "http://a.test/end", false},
	} {
		r := toward(t, "GET", test.from, test.to, nil)
		names := []string{"Authorization", "Cookie", "Proxy-Authorization"}
		for _, name := range names {
			r.Header.Add(strings.ToLower(name), "secret")
		}
		r.Header.Add("Accept", "kept")
		if got, seen := s.do(t, r); got != 200 || s.last.Get("Accept") != "kept" {
			t.Errorf("%s to %s: %d after %s", test.from, test.to, got, seen)
		}
		for _, name := range names {
			if got := s.last.Has(name); got != test.kept {
				t.Errorf("%s to %s: %s arrived: %t", test.from, test.to, name, got)
			}
		}
		if !r.Header.Has("Cookie") {
			t.Error("the caller's own request was changed")
		}
	}
}

// Once dropped they stay so: a foreign host must not get them sent by pointing back.
func TestCredentialsDoNotComeBack(t *testing.T) {
	s := newTrail(t)
	r := toward(t, "GET", "http://a.test/302", "http://b.test/307", nil)
	r.Header.Set("Cookie", "secret")
	s.Client.MaxRedirects = 3
	resp, err := s.Client.Do(t.Context(), r)
	if !errors.Is(err, paf.ErrRedirects) {
		t.Fatalf("got %v, %v", resp, err)
	}
	if s.last.Has("Cookie") || len(s.seen) != 4 || resp.Request.Authority != "b.test" {
		t.Errorf("after %v the field was %q", s.seen, s.last.Get("Cookie"))
	}
}

// A Host of the caller's own names the first host; the next one is named by the Location.
func TestHostIsNotCarriedOver(t *testing.T) {
	s := newTrail(t)
	for _, to := range []string{"/end", "http://b.test/end"} {
		r := toward(t, "GET", "http://a.test/302", to, nil)
		r.Header.Set("Host", "front.test")
		want := "GET front.test/302 \"\", GET " + map[bool]string{true: "a.test", false: "b.test"}[to == "/end"] + "/end \"\""
		if _, seen := s.do(t, r); seen != want {
			t.Errorf("the server saw %s, want %s", seen, want)
		}
	}
}

// Content that cannot be sent again is not sent by halves: the caller gets the redirect and decides.
func TestRedirectOfContentThatIsGoneIsNotFollowed(t *testing.T) {
	s := newTrail(t)
	once := func() io.Reader { return io.MultiReader(strings.NewReader("content")) }
	for _, status := range []int{307, 308} {
		if got, seen := s.do(t, toward(t, "POST", fmt.Sprintf("http://a.test/%d", status), "/end", once())); got != status || strings.Contains(seen, "end") {
			t.Errorf("got %d after %s", got, seen)
		}
	}
	// Where the method becomes GET nothing has to be sent again.
	if got, seen := s.do(t, toward(t, "POST", "http://a.test/303", "/end", once())); got != 200 || !strings.HasSuffix(seen, `GET a.test/end ""`) {
		t.Errorf("got %d after %s", got, seen)
	}
}

// A Body that begins in the middle of its reader begins there again.
func TestRedirectSendsContentFromWhereItBegan(t *testing.T) {
	s := newTrail(t)
	body := bytes.NewReader([]byte("skipped content"))
	_, _ = body.Seek(8, io.SeekStart)
	if _, seen := s.do(t, toward(t, "PUT", "http://a.test/308", "/end", body)); seen != `PUT a.test/308 "content", PUT a.test/end "content"` {
		t.Errorf("the server saw %s", seen)
	}
}

// A Location that cannot be gone to is an error that names it, without its password; nothing is left to close.
func TestRedirectToWhatIsNoHTTPIsAnError(t *testing.T) {
	s := newTrail(t)
	for _, to := range []string{"ftp://a.test/", "mailto:a@a.test", "http://", "http://a.test:port/",
		"ftp://me:hidden@a.test/", "http://me:hidden@b test/", "http://me:hid/den@a.test", "http://me:%hidden@a.test"} {
		r := toward(t, "GET", "http://a.test/301", to, nil)
		r.Header.Add("Large", "x") // so that there is something to close
		resp, err := s.Client.Do(t.Context(), r)
		var u *paf.URLError
		if !errors.As(err, &u) || strings.Contains(err.Error(), "hid") || resp.Status != 301 {
			t.Errorf("%s: got %v, %v", to, resp, err)
		}
		if _, err := paf.NewRequest("GET", to, nil); err == nil || strings.Contains(err.Error(), "hid") {
			t.Errorf("%s as a request's: %v", to, err)
		}
	}
	if stats := s.Client.Stats(); stats.Active != 0 {
		t.Errorf("exchanges go on: %+v", stats)
	}
}

// A route leads to where the caller meant the request to go. A server cannot have another origin's request go there: neither one for https in
// clear, nor one for http to a server of https. A proxy that forwards requests takes those of one scheme.
func TestRedirectsDoNotTakeARouteToAnotherOrigin(t *testing.T) {
	for _, c := range []struct {
		location string
		absolute bool
		follows  bool
	}{
		{"/there", false, true},
		{"http://A.test:80/there", false, true},
		{"https://a.test/there", false, false},
		{"http://b.test/there", false, false},
		{"http://b.test/there", true, true},
		{"https://b.test/there", true, false},
	} {
		route, asked := routeTo(t, "HTTP/1.1 307 Temporary Redirect\r\nLocation: "+c.location+"\r\nContent-Length: 0\r\n\r\n")
		route.Absolute = c.absolute
		client := paf.Client{MaxRedirects: 1}
		r := newRequest(t, "GET", "http://a.test/", nil)
		r.Options = &paf.SendOptions{Route: route}
		resp, err := client.Do(t.Context(), r)
		if resp == nil || resp.Status != 307 || errors.Is(err, paf.ErrRedirects) != c.follows {
			t.Errorf("to %s: %v", c.location, err)
		}
		client.Close()
		if n := len(asked); n != map[bool]int{true: 2, false: 1}[c.follows] {
			t.Errorf("to %s: the route was asked %d times", c.location, n)
		}
	}
}
