package h2_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/h2"
)

// talk returns what a server makes of some frames after the preface.
func talk(t *testing.T, limits engine.Limits, frames ...[]byte) string {
	t.Helper()
	in := frame([]byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 4, 0, 0)
	return play(t, h2.NewServer(limits, 1), append(in, bytes.Join(frames, nil)...), whole).String()
}

// head makes the field block of a request, with lines in place of the usual ones, or besides them.
func head(lines ...string) []byte {
	usual := []string{":method", "GET", ":scheme", "https", ":authority", "a.example", ":path", "/"}
	var all []string
	for i := 0; i < len(usual); i += 2 {
		replaced := false
		for j := 0; j+1 < len(lines); j += 2 {
			replaced = replaced || lines[j] == "-"+usual[i]
		}
		if !replaced {
			all = append(all, usual[i], usual[i+1])
		}
	}
	for j := 0; j+1 < len(lines); j += 2 {
		if !strings.HasPrefix(lines[j], "-") {
			all = append(all, lines[j], lines[j+1])
		}
	}
	return fieldBlock(all...)
}

// What RFC 9113 calls malformed never becomes a request: the stream is reset, or answered with a status, and the
// connection goes on.
func TestMalformedRequestsAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		head []byte
		want string
	}{
		"two Content-Lengths":           {head("content-length", "0", "content-length", "0"), "RFC 9110, Section 8.6"},
		"two that differ":               {head("content-length", "1", "content-length", "2"), "RFC 9110, Section 8.6"},
		"a list of them":                {head("content-length", "0, 0"), "RFC 9110, Section 8.6"},
		"a negative one":                {head("content-length", "-1"), "RFC 9110, Section 8.6"},
		"a length and END_STREAM":       {head("content-length", "5"), "RFC 9113, Section 8.1.1"},
		"a capital in a name":           {head("X-Capital", "a"), "RFC 9113, Section 8.2.1: a field name"},
		"a space in a name":             {head("x y", "a"), "RFC 9113, Section 8.2.1: a field name"},
		"an empty name":                 {head("", "a"), "RFC 9113, Section 8.2.1: a field name"},
		"CRLF in a value":               {head("x", "a\r\nb: c"), "RFC 9113, Section 8.2.1: a field value"},
		"NUL in a value":                {head("x", "a\x00b"), "RFC 9113, Section 8.2.1: a field value"},
		"a space before a value":        {head("x", " a"), "RFC 9113, Section 8.2.1: a field value"},
		"Connection":                    {head("connection", "close"), "RFC 9113, Section 8.2.2"},
		"Transfer-Encoding":             {head("transfer-encoding", "chunked"), "RFC 9113, Section 8.2.2"},
		"Upgrade":                       {head("upgrade", "h2c"), "RFC 9113, Section 8.2.2"},
		"TE other than trailers":        {head("te", "gzip"), "RFC 9113, Section 8.2.2"},
		"Content_Length":                {head("content_length", "5"), "RFC 9113, Section 8.2.2"},
		"a pseudo-header field late":    {fieldBlock(":method", "GET", ":scheme", "https", "x", "y", ":path", "/", ":authority", "a"), "RFC 9113, Section 8.3: pseudo-header fields come before"},
		"one twice":                     {head(":path", "/other"), "RFC 9113, Section 8.3: a pseudo-header field is unknown, repeated"},
		"one that is unknown":           {head(":other", "x"), "RFC 9113, Section 8.3: a pseudo-header field is unknown, repeated"},
		"one of responses":              {head(":status", "200"), "RFC 9113, Section 8.3: a pseudo-header field is unknown, repeated"},
		":protocol without leave":       {head("-:method", "", ":method", "CONNECT", ":protocol", "websocket"), "RFC 9113, Section 8.3"},
		"no method":                     {head("-:method", ""), "a pseudo-header field is missing"},
		"no path":                       {head("-:path", ""), "a pseudo-header field is missing"},
		"no scheme":                     {head("-:scheme", ""), "a pseudo-header field is missing"},
		"an empty path":                 {head("-:path", "", ":path", ""), "RFC 9113, Section 8.3.1: :scheme"},
		"a path with a line end":        {head("-:path", "", ":path", "/a\r\nb"), "RFC 9113, Section 8.3.1: :scheme"},
		"an authority with a user":      {head("-:authority", "", ":authority", "me@a"), "RFC 9113, Section 8.3.1: :scheme"},
		"Host beside another authority": {head("host", "b.example"), "RFC 9113, Section 8.3.1: Host"},
		"two Hosts":                     {head("host", "a.example", "host", "a.example"), "RFC 9113, Section 8.3.1: Host"},
		"neither authority nor Host":    {head("-:authority", ""), "RFC 9113, Section 8.3.1: Host"},
		"a target too long":             {head("-:path", "", ":path", "/"+strings.Repeat("x", 17<<10)), "limit TargetBytes 414"},
		"an expectation":                {head("expect", "magic"), "RFC 9110, Section 10.1.1: the expectation is not 100-continue 417"},
	} {
		got := talk(t, engine.Limits{}, frame(nil, 1, 5, 1, c.head...), frame(nil, 1, 5, 3, head()...))
		if !strings.Contains(got, "fault 1 2 "+c.want) && !strings.Contains(got, c.want) || strings.Contains(got, "request 1 ") {
			t.Errorf("%s:\n%s", name, got)
		}
		if !strings.Contains(got, "request 3 GET") {
			t.Errorf("%s: the connection does not go on:\n%s", name, got)
		}
	}
}

// Content that is not what was announced breaks its message off, whichever way it differs.
func TestContentThatIsNotAsLongAsAnnouncedIsRefused(t *testing.T) {
	post := head("-:method", "", ":method", "POST", "content-length", "5")
	for _, content := range []string{"", "four", "sixsix", "much more than was announced"} {
		got := talk(t, engine.Limits{}, frame(nil, 1, 4, 1, post...), frame(nil, 0, 1, 1, []byte(content)...))
		if !strings.Contains(got, "RFC 9113, Section 8.1.1: Content-Length is the sum of the DATA frames") || strings.Contains(got, "end 1") {
			t.Errorf("%q:\n%s", content, got)
		}
	}
}

// A small block that stands for a large list (HPACK bomb) is answered with 431 and costs no more than the limit.
func TestAListTooLargeIsAnsweredAndCostsNothing(t *testing.T) {
	block := append(head(), 0x40, 1, 'x', 0x7f, 0xb9, 0x16) // a literal of 3,000 bytes, for the table
	block = append(block, strings.Repeat("y", 3000)...)
	bomb := append(block, bytes.Repeat([]byte{0xbe}, 12<<10)...) // the entry that has just been added, 12,288 times
	for name, c := range map[string]struct {
		head []byte
		want string
	}{
		"a bomb":         {bomb, "limit HeadBytes 431"},
		"too many lines": {head(strings.Split(strings.TrimSuffix(strings.Repeat("a,b,", 200), ","), ",")...), "limit Fields 431"},
	} {
		var got string
		allocated := testing.Benchmark(func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				got = talk(t, engine.Limits{}, frame(nil, 1, 5, 1, c.head...))
			}
		}).AllocedBytesPerOp()
		if !strings.Contains(got, c.want) || strings.Contains(got, "request 1 ") {
			t.Errorf("%s:\n%.500s", name, got)
		}
		if allocated > 1<<20 {
			t.Errorf("%s: %d KiB allocated", name, allocated>>10)
		}
	}
}
