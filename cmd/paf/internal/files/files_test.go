package files

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/paf-go/paf/cmd/paf/internal/kit"
)

const secret = "the secret outside"

var modified = time.Date(2024, 5, 6, 7, 8, 9, 123456789, time.UTC)

// site makes a directory to serve and returns it.
func site(t testing.TB) string {
	t.Helper()
	top := t.TempDir()
	dir := filepath.Join(top, "site")
	for name, content := range map[string]string{
		"secret.txt":                secret,
		"site/a.txt":                "hello",
		"site/empty":                "",
		"site/README":               "plain text without an extension\n",
		"site/blob":                 "\x00\x01\x02\x03",
		"site/page.HTML":            "<p>",
		"site/sub/index.html":       "<h1>sub</h1>",
		"site/list/b.txt":           "b",
		"site/list/<i>&\"'.txt":     "odd",
		"site/list/sp ace%41.txt":   "space",
		"site/list/c:d":             "colon",
		"site/list/dir/x":           "x",
		"site/.env":                 secret,
		"site/list/.hidden":         secret,
		"site/.git/config":          secret,
		"site/.well-known/security": "contact",
		"site/.well-known/.deeper":  secret,
		"site/ä/ö.txt":              "umlaut",
	} {
		name = filepath.Join(top, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(name, modified, modified); err != nil {
			t.Fatal(err)
		}
	}
	if runtime.GOOS == "windows" {
		return dir
	}
	for link, to := range map[string]string{
		"out.txt": "../secret.txt", "abs.txt": filepath.Join(top, "secret.txt"), "up": "..",
		"inside.txt": "a.txt", "list/in": "../sub", "list/out": "../../secret.txt", "loop": "loop",
	} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func serve(t testing.TB, dir string, o Options) string {
	t.Helper()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	return kit.Serve(t, New(root, o))
}

func TestPathsAreAnswered(t *testing.T) {
	addr := serve(t, site(t), Options{})
	for path, want := range map[string]int{
		"/":                       404, // no index.html, no listing
		"/a.txt":                  200,
		"/a.txt?x=1":              200,
		"/%61.txt":                200,
		"/inside.txt":             200,
		"/list/in/":               200,
		"/sub/":                   200,
		"/sub":                    301,
		"/list/":                  404,
		"/%C3%A4/%C3%B6.txt":      200,
		"/list/sp%20ace%2541.txt": 200,
		"/.well-known/security":   200,
		"http://test/a.txt":       200,
		"http://test":             404,

		"/none":                         404,
		"/a.txt/":                       404,
		"/a.txt/x":                      404,
		"/sub/index.html/":              404,
		"//a.txt":                       404,
		"/sub//index.html":              404,
		"/.env":                         404,
		"/.git/config":                  404,
		"/.well-known/.deeper":          404,
		"/list/.hidden":                 404,
		"/out.txt":                      404,
		"/abs.txt":                      404,
		"/up/secret.txt":                404,
		"/up/":                          404,
		"/list/out":                     404,
		"/loop":                         404,
		"/" + strings.Repeat("n", 5000): 404,

		"/../secret.txt":        400,
		"/sub/../../secret.txt": 400,
		"/sub/../a.txt":         400,
		"/%2e%2e/secret.txt":    400,
		"/..%2fsecret.txt":      400,
		"/%2e%2e%2fsecret.txt":  400,
		"/sub%2findex.html":     400,
		"/..%5csecret.txt":      400,
		"/a.txt%00":             400,
		"/a.txt%00.html":        400,
		"/a%0d%0aX:1":           400,
		"/%":                    400,
		"/%zz":                  400,
		"/./a.txt":              400,
	} {
		r := kit.Do(t, addr, "GET "+path+" HTTP/1.1\n\n")
		if r.StatusCode != want {
			t.Errorf("GET %.40s: %d, want %d", path, r.StatusCode, want)
		}
		if strings.Contains(r.Body, secret) {
			t.Errorf("GET %s reaches what is outside", path)
		}
	}
}

func TestDotfilesAreServedWhenAskedFor(t *testing.T) {
	addr := serve(t, site(t), Options{Dotfiles: true})
	if r := kit.Do(t, addr, "GET /.env HTTP/1.1\n\n"); r.StatusCode != 200 || r.Body != secret {
		t.Errorf("GET /.env: %d %q", r.StatusCode, r.Body)
	}
	if r := kit.Do(t, addr, "GET /out.txt HTTP/1.1\n\n"); r.StatusCode != 404 {
		t.Errorf("GET /out.txt: %d", r.StatusCode)
	}
}

func TestRedirectsStayOnTheHost(t *testing.T) {
	dir := site(t)
	if err := os.MkdirAll(filepath.Join(dir, "evil.example"), 0o755); err != nil {
		t.Fatal(err)
	}
	addr := serve(t, dir, Options{})
	for path, want := range map[string]string{
		"/sub": "/sub/", "/sub?q=%2f&r": "/sub/?q=%2f&r", "/%73ub": "/%73ub/", "/list/dir": "/list/dir/",
	} {
		r := kit.Do(t, addr, "GET "+path+" HTTP/1.1\n\n")
		if got := r.Header.Get("Location"); r.StatusCode != 301 || got != want {
			t.Errorf("GET %s: %d to %q, want %q", path, r.StatusCode, got, want)
		}
	}
	for _, path := range []string{"//evil.example", "///evil.example", "/%2fevil.example", `/%5cevil.example`, "//evil.example/"} {
		r := kit.Do(t, addr, "GET "+path+" HTTP/1.1\n\n")
		if r.Header.Get("Location") != "" || r.StatusCode < 400 {
			t.Errorf("GET %s: %d to %q", path, r.StatusCode, r.Header.Get("Location"))
		}
	}
}

func TestMethodsThatAreNotServedSayWhichAre(t *testing.T) {
	addr := serve(t, site(t), Options{})
	for request, want := range map[string]int{
		"OPTIONS /a.txt": 204, "OPTIONS *": 204, "OPTIONS /none": 204, "POST /a.txt": 405, "DELETE /a.txt": 405,
		"PUT /new": 405, "TRACE /": 405, "FOOBAR /a.txt": 501, "get /a.txt": 501, "PROPFIND /": 501,
	} {
		r := kit.Do(t, addr, request+" HTTP/1.1\nContent-Length: 0\n\n")
		if r.StatusCode != want {
			t.Errorf("%s: %d, want %d", request, r.StatusCode, want)
		}
		if allow := r.Header.Get("Allow"); want != 501 && allow != "GET, HEAD, OPTIONS" {
			t.Errorf("%s: Allow: %q", request, allow)
		}
	}
}

func TestHeadIsGetWithoutContent(t *testing.T) {
	addr := serve(t, site(t), Options{Index: true})
	for _, path := range []string{"/a.txt", "/empty", "/sub/", "/list/", "/sub", "/none", "/%00"} {
		get := kit.Do(t, addr, "GET "+path+" HTTP/1.1\n\n")
		head := kit.Do(t, addr, "HEAD "+path+" HTTP/1.1\n\n")
		if head.Body != "" || head.StatusCode != get.StatusCode {
			t.Errorf("HEAD %s: %d with %d bytes, GET: %d", path, head.StatusCode, len(head.Body), get.StatusCode)
		}
		if get.StatusCode == 200 && get.Header.Get("Content-Length") != fmt.Sprint(len(get.Body)) {
			t.Errorf("GET %s: Content-Length %s for %d bytes", path, get.Header.Get("Content-Length"), len(get.Body))
		}
		if path == "/list/" {
			get.Header.Del("Content-Length") // HEAD does not find it out
		}
		for _, name := range []string{"Content-Type", "Content-Length", "Etag", "Last-Modified", "Location", "Accept-Ranges"} {
			if head.Header.Get(name) != get.Header.Get(name) {
				t.Errorf("HEAD %s: %s %q, GET has %q", path, name, head.Header.Get(name), get.Header.Get(name))
			}
		}
	}
}

func TestContentTypesDoNotDependOnTheMachine(t *testing.T) {
	addr := serve(t, site(t), Options{})
	for path, want := range map[string]string{
		"/a.txt": "text/plain; charset=utf-8", "/page.HTML": "text/html; charset=utf-8",
		"/README": "text/plain; charset=utf-8", "/blob": "application/octet-stream",
		"/sub/": "text/html; charset=utf-8", "/empty": "text/plain; charset=utf-8",
	} {
		r := kit.Do(t, addr, "GET "+path+" HTTP/1.1\n\n")
		if got := r.Header.Get("Content-Type"); got != want {
			t.Errorf("GET %s: %q, want %q", path, got, want)
		}
		if r.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("GET %s: may be sniffed", path)
		}
	}
}

func TestTextIsKnownByItsBeginning(t *testing.T) {
	cut := strings.Repeat("x", sniffed-1) + "é" // its last character is cut in two
	for text, want := range map[string]bool{
		"": true, "a\tb\r\n": true, "é": true, cut[:sniffed]: true, "\x1b[1m": true,
		"\x00": false, "a\x07": false, "\xff\xfe": false, "ab\xe9cdefgh": false, "\x7fELF": false,
	} {
		if got := textual([]byte(text)); got != want {
			t.Errorf("textual(%.20q) = %t", text, got)
		}
	}
}

func TestFilesThatAreNotAreNeverOpened(t *testing.T) {
	dir := site(t)
	if err := mkfifo(filepath.Join(dir, "pipe")); err != nil {
		t.Logf("NOT RUN: no named pipe here: %v", err)
		return
	}
	addr := serve(t, dir, Options{Index: true})
	if r := kit.Do(t, addr, "GET /pipe HTTP/1.1\n\n"); r.StatusCode != 404 { // would hang
		t.Errorf("GET /pipe: %d", r.StatusCode)
	}
	if r := kit.Do(t, addr, "GET / HTTP/1.1\n\n"); strings.Contains(r.Body, "pipe") {
		t.Error("the listing has a pipe")
	}
}

func TestUnreadableFilesAreForbidden(t *testing.T) {
	if os.Geteuid() == 0 || runtime.GOOS == "windows" {
		t.Log("NOT RUN: nothing is unreadable to this user")
		return
	}
	dir := site(t)
	if err := os.Chmod(filepath.Join(dir, "a.txt"), 0); err != nil {
		t.Fatal(err)
	}
	if r := kit.Do(t, serve(t, dir, Options{}), "GET /a.txt HTTP/1.1\n\n"); r.StatusCode != 403 {
		t.Errorf("%d, want 403", r.StatusCode)
	}
}
