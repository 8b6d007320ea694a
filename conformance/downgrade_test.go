package conformance

import (
	"bytes"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// What HTTP/2 can say and HTTP/1.1 cannot does not become something else on the way: it is refused.
func TestNothingIsSmuggledByADowngrade(t *testing.T) {
	pseudo := func(method, scheme, authority, path string) [][2]string {
		return [][2]string{{":method", method}, {":scheme", scheme}, {":authority", authority}, {":path", path}}
	}
	get, post := pseudo("GET", "http", "a", "/"), pseudo("POST", "http", "a", "/")
	with := func(head [][2]string, more ...[2]string) [][2]string {
		return append(head[:len(head):len(head)], more...)
	}
	evil := "GET /evil HTTP/1.1\r\nHost: a\r\n\r\n"
	for name, c := range map[string]struct {
		head    [][2]string
		content string
	}{
		"a length of 0 before content":          {with(post, [2]string{"content-length", "0"}), evil},
		"a length that is less":                 {with(post, [2]string{"content-length", "4"}), evil},
		"a length that is more":                 {with(post, [2]string{"content-length", "400"}), evil},
		"two lengths":                           {with(post, [2]string{"content-length", "31"}, [2]string{"content-length", "4"}), evil},
		"a length in words":                     {with(post, [2]string{"content-length", "+31"}), evil},
		"transfer-encoding":                     {with(post, [2]string{"transfer-encoding", "chunked"}), "0\r\n\r\n" + evil},
		"connection":                            {with(get, [2]string{"connection", "transfer-encoding"}), ""},
		"upgrade":                               {with(get, [2]string{"upgrade", "websocket"}), ""},
		"te":                                    {with(get, [2]string{"te", "gzip"}), ""},
		"a line end in a value":                 {with(get, [2]string{"x", "y\r\nTransfer-Encoding: chunked"}), ""},
		"LF in a value":                         {with(get, [2]string{"x", "y\nz: 1"}), ""},
		"CR in a value":                         {with(get, [2]string{"x", "y\rz: 1"}), ""},
		"NUL in a value":                        {with(get, [2]string{"x", "y\x00z"}), ""},
		"a line end in a name":                  {with(get, [2]string{"x: y\r\ntransfer-encoding", "chunked"}), ""},
		"a colon in a name":                     {with(get, [2]string{"transfer-encoding:", "chunked"}), ""},
		"a space in a name":                     {with(get, [2]string{"transfer-encoding ", "chunked"}), ""},
		"a name in capitals":                    {with(get, [2]string{"Transfer-Encoding", "chunked"}), ""},
		"an empty name":                         {with(get, [2]string{"", "x"}), ""},
		"a request line as the path":            {pseudo("GET", "http", "a", "/ HTTP/1.1\r\nHost: b\r\n\r\nGET /evil"), ""},
		"a space in the path":                   {pseudo("GET", "http", "a", "/ HTTP/1.1"), ""},
		"no path":                               {pseudo("GET", "http", "a", ""), ""},
		"a path without a slash":                {pseudo("GET", "http", "a", "@evil.test/"), ""},
		"a whole URL as the path":               {pseudo("GET", "http", "a", "http://evil.test/"), ""},
		"a request line as the method":          {pseudo("GET /evil HTTP/1.1\r\nx: y", "http", "a", "/"), ""},
		"a space in the method":                 {pseudo("GET /evil", "http", "a", "/"), ""},
		"a line end in the authority":           {pseudo("GET", "http", "a\r\nx: y", "/"), ""},
		"a path in the authority":               {pseudo("GET", "http", "a/evil", "/"), ""},
		"a user in the authority":               {pseudo("GET", "http", "me@a", "/"), ""},
		"a URL as the scheme":                   {pseudo("GET", "http://evil.test/?", "a", "/"), ""},
		"two paths":                             {with(get, [2]string{":path", "/evil"}), ""},
		"a pseudo-header field behind a field":  {[][2]string{{":method", "GET"}, {":scheme", "http"}, {":authority", "a"}, {"x", "y"}, {":path", "/"}}, ""},
		"a pseudo-header field that is unknown": {[][2]string{{":method", "GET"}, {":scheme", "http"}, {":authority", "a"}, {":path", "/"}, {":evil", "y"}}, ""},
		"that of a response":                    {[][2]string{{":method", "GET"}, {":scheme", "http"}, {":authority", "a"}, {":path", "/"}, {":status", "200"}}, ""},
		"a host that is another one":            {with(get, [2]string{"host", "evil.test"}), ""},
		"two hosts":                             {with(get, [2]string{"host", "a"}, [2]string{"host", "evil.test"}), ""},
		"CONNECT":                               {[][2]string{{":method", "CONNECT"}, {":authority", "evil.test:80"}}, ""},
		"a protocol that is not known":          {with(pseudo("CONNECT", "http", "a", "/"), [2]string{":protocol", "evil"}), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			addr, r := reversal(t)
			answers := speakHTTP2(t, addr, c.head, c.content)
			time.Sleep(20 * time.Millisecond)
			r.mu.Lock()
			defer r.mu.Unlock()
			if len(r.requests)+len(r.faults) > 0 {
				t.Errorf("the upstream got %q %q", r.requests, r.faults)
			}
			if strings.Contains(answers, "status 200") || answers == "" {
				t.Errorf("answered with %q", answers)
			}
		})
	}
	t.Run("what is well passes", func(t *testing.T) {
		addr, r := reversal(t)
		if got := speakHTTP2(t, addr, with(post, [2]string{"content-length", "31"}), evil); !strings.Contains(got, "status 200") {
			t.Errorf("answered with %q", got)
		}
		if len(r.requests) != 1 || len(r.faults) > 0 {
			t.Errorf("%q %q", r.requests, r.faults)
		}
	})
}

// speakHTTP2 sends a request as it is, and says what was answered.
func speakHTTP2(t *testing.T, addr string, head [][2]string, content string) string {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(5 * time.Second))
	// All of it in one write: content that comes after a length of 0 is refused, too, but the request has been passed on by then, without it.
	var out bytes.Buffer
	out.WriteString(http2.ClientPreface)
	f := http2.NewFramer(&out, c)
	f.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	_ = f.WriteSettings()
	var block bytes.Buffer
	e := hpack.NewEncoder(&block)
	for _, h := range head {
		_ = e.WriteField(hpack.HeaderField{Name: h[0], Value: h[1]})
	}
	_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block.Bytes(), EndHeaders: true, EndStream: content == ""})
	if content != "" {
		_ = f.WriteData(1, true, []byte(content))
	}
	_ = f.WritePing(false, [8]byte{'e', 'n', 'd'})
	_, _ = out.WriteTo(c)
	said, quiet := "", false
	for {
		frame, err := f.ReadFrame()
		switch frame := frame.(type) {
		case *http2.MetaHeadersFrame:
			said += " status " + frame.PseudoValue("status")
		case *http2.RSTStreamFrame:
			return said + " reset " + frame.ErrCode.String()
		case *http2.GoAwayFrame:
			return said + " goaway " + frame.ErrCode.String()
		case *http2.SettingsFrame:
			if !frame.IsAck() {
				_ = f.WriteSettingsAck()
			}
		case *http2.PingFrame:
			quiet = true
		}
		if err != nil {
			return said + " end"
		}
		if said != "" && quiet {
			return said
		}
	}
}
