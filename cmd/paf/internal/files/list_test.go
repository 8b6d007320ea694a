package files

import (
	"html"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/paf-go/paf/cmd/paf/internal/kit"
)

func TestListingIsOffUnlessAskedFor(t *testing.T) {
	dir := site(t)
	if r := kit.Do(t, serve(t, dir, Options{}), "GET /list/ HTTP/1.1\n\n"); r.StatusCode != 404 {
		t.Errorf("without Index: %d", r.StatusCode)
	}
	r := kit.Do(t, serve(t, dir, Options{Index: true}), "GET /list/ HTTP/1.1\n\n")
	if r.StatusCode != 200 || r.Header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("with Index: %d %s", r.StatusCode, r.Header.Get("Content-Type"))
	}
	if !strings.Contains(r.Header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Error("a listing could run what a file's name says")
	}
}

var links = regexp.MustCompile(`<a href="([^"]*)">([^<]*)</a>`)

func TestListingLinksToWhatItNames(t *testing.T) {
	addr := serve(t, site(t), Options{Index: true})
	r := kit.Do(t, addr, "GET /list/ HTTP/1.1\n\n")
	if strings.Contains(r.Body, "<i>") || strings.Contains(r.Body, ".hidden") || strings.Contains(r.Body, "out") {
		t.Errorf("the listing shows what it must not:\n%s", r.Body)
	}
	want := map[string]bool{"../": true, "b.txt": true, `<i>&"'.txt`: true, "sp ace%41.txt": true, "c:d": true, "dir/": true, "in/": true}
	base, err := url.Parse("http://test/list/")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range links.FindAllStringSubmatch(r.Body, -1) {
		name := html.UnescapeString(m[2])
		if !want[name] {
			t.Errorf("the listing has %q", name)
		}
		delete(want, name)
		to, err := base.Parse(html.UnescapeString(m[1]))
		if err != nil || to.Host != "test" || to.Scheme != "http" {
			t.Errorf("%q links to %q: %v", name, m[1], err)
			continue
		}
		if r := kit.Do(t, addr, "GET "+to.EscapedPath()+" HTTP/1.1\n\n"); r.StatusCode != 200 {
			t.Errorf("%q links to %s: %d", name, to, r.StatusCode)
		}
	}
	for name := range want {
		t.Errorf("the listing lacks %q", name)
	}
}

func TestTopOfListingHasNoWayUp(t *testing.T) {
	r := kit.Do(t, serve(t, site(t), Options{Index: true}), "GET / HTTP/1.1\n\n")
	if r.StatusCode != 200 || strings.Contains(r.Body, `"../"`) {
		t.Errorf("%d\n%s", r.StatusCode, r.Body)
	}
}

func TestLongListingIsCut(t *testing.T) {
	dir := t.TempDir()
	for i := range 1001 {
		if err := os.WriteFile(filepath.Join(dir, strconv.Itoa(i)), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	r := kit.Do(t, serve(t, dir, Options{Index: true}), "GET / HTTP/1.1\n\n")
	if n := strings.Count(r.Body, "<tr>"); n != 1000 || !strings.Contains(r.Body, "more entries") {
		t.Errorf("%d lines, and a word of more: %t", n, strings.Contains(r.Body, "more entries"))
	}
}
