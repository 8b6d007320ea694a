package demo

import (
	"strings"
	"testing"

	"github.com/paf-go/paf/cmd/paf/internal/kit"
)

func TestRootIsAHelpPageThatCanBeRevalidated(t *testing.T) {
	addr := kit.Serve(t, New())
	page := kit.Do(t, addr, "GET / HTTP/1.1\n\n")
	if page.StatusCode != 200 || page.Body != help || page.Header.Get("Content-Type") != "text/plain; charset=utf-8" ||
		page.Header.Get("Content-Length") == "" || page.Header.Get("Date") == "" {
		t.Errorf("%d %v", page.StatusCode, page.Header)
	}
	tag, date := page.Header.Get("Etag"), page.Header.Get("Last-Modified")
	for fields, want := range map[string]int{
		"If-None-Match: " + tag:                            304,
		"If-None-Match: W/" + tag:                          304,
		"If-None-Match: *":                                 304,
		"If-None-Match: " + strings.Trim(tag, `"`):         200,
		"If-Modified-Since: " + date:                       304,
		"If-Modified-Since: not-a-date":                    200,
		"If-Modified-Since: Thu, 01 Jan 2099 00:00:00 GMT": 200,
		"If-None-Match: " + tag + "\nIf-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT": 304,
		"If-Match: \"x\"": 412,
	} {
		r := kit.Do(t, addr, "GET / HTTP/1.1\n"+fields+"\n\n")
		if r.StatusCode != want || want == 304 && r.Header.Get("Etag") != tag {
			t.Errorf("%s: %d, ETag %s", fields, r.StatusCode, r.Header.Get("Etag"))
		}
	}
}

func TestOnlyCloseCloses(t *testing.T) {
	addr := kit.Serve(t, New())
	for fields, want := range map[string]bool{"": true, "Connection: keep-alive\n": false, "Connection: close\n": true} {
		if r := kit.Do(t, addr, "GET /close HTTP/1.1\n"+fields+"\n"); r.Close != want || r.Body != help {
			t.Errorf("%q: close is %t", fields, r.Close)
		}
	}
	for _, path := range []string{"/", "/echo"} {
		if r := kit.Do(t, addr, "GET "+path+" HTTP/1.1\n\n"); r.Close {
			t.Errorf("%s closes", path)
		}
	}
}

func TestPostToRootEchoesWhatIsWhole(t *testing.T) {
	addr := kit.Serve(t, New())
	long := strings.Repeat("0123456789abcdef", 20<<10)
	for request, want := range map[string]string{
		"Content-Length: 5\n\nhello": "hello",
		"\n":                         "",
		"Transfer-Encoding: chunked\n\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n":   "hello world",
		"Transfer-Encoding: chunked\n\nA\r\nhelloworld\r\n0\r\nX-Sum: 1\r\n\r\n": "helloworld",
		"Range: bytes=0-1\nContent-Length: 5\n\nhello":                           "hello",
		"Content-Length: 327680\n\n" + long:                                      long,
	} {
		r := kit.Do(t, addr, "POST / HTTP/1.1\n"+request)
		if r.StatusCode != 200 || r.Body != want {
			t.Errorf("%.60q: %d %.40q", request, r.StatusCode, r.Body)
		}
	}
	for _, request := range []string{
		"Transfer-Encoding: chunked\n\n5\r\nhello!!\r\n0\r\n\r\n",
		"Transfer-Encoding: chunked\n\n5\r\nhello\r\nx\r\n",
		"Transfer-Encoding: chunked\n\n+5\r\nhello\r\n0\r\n\r\n",
	} {
		if r := kit.Do(t, addr, "POST / HTTP/1.1\n"+request); r.StatusCode != 400 || r.Body != "Bad request.\n" {
			t.Errorf("%q: %d %q", request, r.StatusCode, r.Body)
		}
	}
}

func TestPathsAndMethodsAreAnswered(t *testing.T) {
	addr := kit.Serve(t, New())
	for line, want := range map[string]struct {
		status int
		body   string
	}{
		"GET /none":            {404, "Not found.\n"},
		"GET //":               {404, "Not found.\n"},
		"GET /hash/":           {404, "Not found.\n"},
		"GET /path%00.html":    {400, "Bad request.\n"},
		"GET /a%0d%0aX:%20b":   {400, "Bad request.\n"},
		"GET /../hash":         {400, "Bad request.\n"},
		"GET http://test/echo": {200, "Host: test\n"},
		"GET /%65cho":          {200, "Host: test\n"},
		"OPTIONS *":            {204, ""},
		"OPTIONS /":            {204, ""},
		"OPTIONS /random":      {204, ""},
		"DELETE /":             {405, "Method not allowed.\n"},
		"TRACE /":              {405, "Method not allowed.\n"},
		"PUT /hash":            {405, "Method not allowed.\n"},
		"FOOBAR /":             {501, "Not implemented.\n"},
		"get /":                {501, "Not implemented.\n"},
		"CONNECT test:80":      {501, "Not implemented.\n"},
	} {
		host := "Host: test\n"
		if strings.HasPrefix(line, "CONNECT") {
			host = "Host: test:80\n"
		}
		r := kit.Do(t, addr, line+" HTTP/1.1\n"+host+"\n")
		if r.StatusCode != want.status || r.Body != want.body {
			t.Errorf("%s: %d %q, want %v", line, r.StatusCode, r.Body, want)
		}
		if allow := r.Header.Get("Allow"); (allow != "") != (want.status == 405 || want.status == 204) {
			t.Errorf("%s: Allow: %q", line, allow)
		}
		if want.status == 204 && r.Header.Get("Content-Length") != "" {
			t.Errorf("%s: 204 with a Content-Length", line)
		}
	}
}

func TestEchoShowsFieldsAndCookies(t *testing.T) {
	addr := kit.Serve(t, New())
	r := kit.Do(t, addr, "POST /echo HTTP/1.1\nHost: test\nX-A: 1\nCookie: foo=bar\nx-a: 2\nContent-Length: 2\n\nhi")
	if r.Body != "Host: test\nX-A: 1\nCookie: foo=bar\nx-a: 2\nContent-Length: 2\n" {
		t.Errorf("%q", r.Body)
	}
	for value, want := range map[string]string{
		"Cookie: foo=bar":              "foo=bar\n",
		"Cookie: a=1; b=2; c=3":        "a=1\nb=2\nc=3\n",
		"Cookie: a=1\nCookie: b=2":     "a=1\nb=2\n",
		"Cookie: foo=":                 "foo=\n",
		"Cookie: a=hello world; b=x=y": "a=hello world\nb=x=y\n",
		"Cookie: ===;;;":               "",
		"X: y":                         "",
	} {
		if r := kit.Do(t, addr, "GET /cookie HTTP/1.1\n"+value+"\n\n"); r.StatusCode != 200 || r.Body != want {
			t.Errorf("%q: %d %q", value, r.StatusCode, r.Body)
		}
	}
}

func TestFieldsThatLookLikeFramingAreRefused(t *testing.T) {
	addr := kit.Serve(t, New())
	for _, field := range []string{"Content_Length: 99", "content_length: 1", "Transfer_Encoding: chunked"} {
		if r := kit.Do(t, addr, "POST /echo HTTP/1.1\nContent-Length: 5\n"+field+"\n\nhello"); r.StatusCode != 400 {
			t.Errorf("%s: %d", field, r.StatusCode)
		}
	}
	if r := kit.Do(t, addr, "GET /echo HTTP/1.1\nX_Y: 1\n\n"); r.StatusCode != 200 {
		t.Errorf("X_Y: %d", r.StatusCode)
	}
}
