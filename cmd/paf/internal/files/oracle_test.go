package files

import (
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paf-go/paf/cmd/paf/internal/kit"
	"github.com/paf-go/paf/internal/testkit"
	"github.com/paf-go/paf/semantics"
)

// oracle serves dir by net/http, with the entity tags that we give.
func oracle(t testing.TB, dir string) string {
	t.Helper()
	ln := testkit.Listen(t)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := filepath.Join(dir, filepath.FromSlash(r.URL.Path))
		if info, err := os.Stat(name); err == nil {
			w.Header().Set("ETag", etag(info))
		}
		http.ServeFile(w, r, name)
	})}
	go server.Serve(ln)
	t.Cleanup(func() { server.Close() })
	return ln.Addr().String()
}

// questions are requests, without their first line, that both servers are asked.
func questions(tag string) []string {
	date := semantics.FormatDate(modified)
	list := []string{"", "If-None-Match: *", "If-Match: *", "If-Modified-Since: x", "If-Unmodified-Since: x"}
	for _, spec := range []string{
		"0-", "0-0", "0-4", "1-3", "4-", "5-", "6-9", "99-", "-0", "-1", "-5", "-6", "-99999999999",
		"0-99999999999999999999", "2-1", "a-b", "", "-", "1", "0-1,3-4", "0-1, 3-4", "0-0,2-2,4-4",
		"0-1,9-", "9-,10-", "0-,0-", "0-3,1-4", ",0-1", "0-1,", "0-1,x", "-1,0-1", "0x0-1", "+0-1", "1-+2",
	} {
		list = append(list, "Range: bytes="+spec)
	}
	list = append(list, "Range: bytes", "Range: lines=0-1", "Range: Bytes=0-1", "Range: bytes=0-1\nRange: bytes=2-3")
	for _, tag := range []string{tag, `"other"`, "W/" + tag, `"x", ` + tag, strings.Trim(tag, `"`), `""`} {
		list = append(list, "If-Match: "+tag, "If-None-Match: "+tag, "If-None-Match: "+tag+"\nIf-Modified-Since: "+date,
			"If-Range: "+tag+"\nRange: bytes=1-2", "If-Match: "+tag+"\nIf-Unmodified-Since: Sat, 01 Jan 2000 00:00:00 GMT")
	}
	for _, at := range []string{date, "Sat, 01 Jan 2000 00:00:00 GMT", "Monday, 06-May-24 07:08:09 GMT",
		"Mon May  6 07:08:09 2024", "Mon, 06 May 2024 07:08:08 GMT", "Mon, 06 May 2024 07:08:10 GMT"} {
		list = append(list, "If-Modified-Since: "+at, "If-Unmodified-Since: "+at, "If-Range: "+at+"\nRange: bytes=1-2")
	}
	return list
}

// The reasons for which we answer otherwise than net/http.
const (
	malformed = "a malformed Range, or one of another unit, is to be ignored (RFC 9110, Section 14.2), not answered 416"
	units     = "range units are case-insensitive (RFC 9110, Section 14.1)"
	doubled   = "Range is no list field: two of them are ignored, not the second alone"
	suffixes  = "a suffix of no bytes cannot be satisfied (RFC 9110, Section 14.1.2)"
	overflow  = "a last position beyond the end means the end, however large (RFC 9110, Section 14.1.2)"
	nothing   = "no Content-Range can say that an empty file was sent in part"
)

func differences() map[string]map[string]string {
	return map[string]map[string]string{
		"/a.txt": {
			"Range: bytes": malformed, "Range: lines=0-1": malformed, "Range: bytes=a-b": malformed,
			"Range: bytes=2-1": malformed, "Range: bytes=-": malformed, "Range: bytes=1": malformed,
			"Range: bytes=0-1,x": malformed, "Range: bytes=0x0-1": malformed, "Range: bytes=+0-1": malformed,
			"Range: bytes=1-+2": malformed, "Range: Bytes=0-1": units, "Range: bytes=-0": suffixes,
			"Range: bytes=0-1\nRange: bytes=2-3": doubled, "Range: bytes=0-99999999999999999999": overflow,
		},
		"/empty": {
			"Range: bytes": malformed, "Range: lines=0-1": malformed, "Range: bytes=a-b": malformed,
			"Range: bytes=-": malformed, "Range: bytes=1": malformed, "Range: Bytes=0-1": units,
			"Range: bytes=0-1,x": malformed, "Range: bytes=0x0-1": malformed,
			"Range: bytes=-0": nothing, "Range: bytes=-1": nothing, "Range: bytes=-5": nothing, "Range: bytes=-6": nothing,
			"Range: bytes=-99999999999": nothing, "Range: bytes=-1,0-1": nothing,
		},
	}
}

func TestConditionsAndRangesAreAsInNetHTTP(t *testing.T) {
	dir := site(t)
	ours, theirs := serve(t, dir, Options{}), oracle(t, dir)
	for name, differ := range differences() {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, q := range questions(etag(info)) {
			request := "GET " + name + " HTTP/1.1\n" + q + "\n\n"
			got, want := kit.Do(t, ours, request), kit.Do(t, theirs, request)
			if why := differ[q]; why == "" {
				compare(t, request, got, want)
			} else if got.StatusCode == want.StatusCode {
				t.Errorf("%q: both say %d, and yet %s", request, got.StatusCode, why)
			}
			if strings.Contains(q, "Range: ") {
				continue // net/http honours Range on HEAD; RFC 9110, Section 14.2 defines it for GET alone
			}
			request = "HEAD " + name + " HTTP/1.1\n" + q + "\n\n"
			compare(t, request, kit.Do(t, ours, request), kit.Do(t, theirs, request))
		}
	}
}

func TestHeadIgnoresRange(t *testing.T) {
	r := kit.Do(t, serve(t, site(t), Options{}), "HEAD /a.txt HTTP/1.1\nRange: bytes=1-2\n\n")
	if r.StatusCode != 200 || r.Header.Get("Content-Length") != "5" {
		t.Errorf("%d with %s", r.StatusCode, r.Header.Get("Content-Length"))
	}
}

func compare(t *testing.T, request string, got, want kit.Response) {
	t.Helper()
	if got.StatusCode != want.StatusCode {
		t.Errorf("%q: %d, net/http %d", request, got.StatusCode, want.StatusCode)
		return
	}
	for _, field := range []string{"Content-Range", "Etag"} {
		if g, w := got.Header.Get(field), want.Header.Get(field); g != w && got.StatusCode < 400 || field == "Content-Range" && g != w {
			t.Errorf("%q: %s: %q, net/http %q", request, field, g, w)
		}
	}
	switch {
	case got.StatusCode == 206 && strings.HasPrefix(want.Header.Get("Content-Type"), "multipart/"):
		if g, w := parts(t, got), parts(t, want); g != w {
			t.Errorf("%q: parts %q, net/http %q", request, g, w)
		}
	case got.StatusCode < 300:
		if g, w := got.Header.Get("Content-Length"), want.Header.Get("Content-Length"); g != w {
			t.Errorf("%q: Content-Length %q, net/http %q", request, g, w)
		}
		if got.Body != want.Body || got.Err != nil {
			t.Errorf("%q: %q (%v), net/http %q", request, got.Body, got.Err, want.Body)
		}
	}
}

// parts returns the ranges and the content of a multipart response.
func parts(t *testing.T, r kit.Response) string {
	t.Helper()
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/byteranges" {
		t.Errorf("Content-Type %q: %v", r.Header.Get("Content-Type"), err)
		return ""
	}
	var b strings.Builder
	reader := multipart.NewReader(strings.NewReader(r.Body), params["boundary"])
	for {
		part, err := reader.NextPart()
		if err == io.EOF {
			return b.String()
		}
		if err != nil {
			t.Errorf("%q: %v", r.Body, err)
			return b.String()
		}
		content, err := io.ReadAll(part)
		if err != nil {
			t.Error(err)
		}
		b.WriteString(part.Header.Get("Content-Range") + "=" + string(content) + ";")
	}
}

func TestRangesOutOfProportionGetTheWhole(t *testing.T) {
	addr := serve(t, site(t), Options{})
	many := strings.Repeat("0-0,", semantics.MaxRanges) + "0-0"
	for _, spec := range []string{strings.Repeat("0-,", 1000) + "0-", many} {
		r := kit.Do(t, addr, "GET /a.txt HTTP/1.1\nRange: bytes="+spec+"\n\n")
		if r.StatusCode != 200 || r.Body != "hello" {
			t.Errorf("%.20s…: %d %q", spec, r.StatusCode, r.Body)
		}
	}
}

func TestConditionOnADateToComeIsIgnored(t *testing.T) {
	addr := serve(t, site(t), Options{})
	r := kit.Do(t, addr, "GET /a.txt HTTP/1.1\nIf-Modified-Since: Thu, 01 Jan 2099 00:00:00 GMT\n\n")
	if r.StatusCode != 200 {
		t.Errorf("%d", r.StatusCode)
	}
}

func TestEntityTagChangesWithTheFile(t *testing.T) {
	dir := site(t)
	addr := serve(t, dir, Options{})
	name := filepath.Join(dir, "a.txt")
	first := kit.Do(t, addr, "GET /a.txt HTTP/1.1\n\n").Header.Get("Etag")
	if err := os.WriteFile(name, []byte("jello"), 0o644); err != nil {
		t.Fatal(err)
	}
	r := kit.Do(t, addr, "GET /a.txt HTTP/1.1\nIf-None-Match: "+first+"\n\n")
	if r.StatusCode != 200 || r.Body != "jello" || r.Header.Get("Etag") == first {
		t.Errorf("%d %q %s, first %s", r.StatusCode, r.Body, r.Header.Get("Etag"), first)
	}
}
