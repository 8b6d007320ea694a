package httpover

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/paf-go/paf"
)

// messages are the cases of single exchanges.
var messages = []testCase{
	{claim: "MethodsArrive", run: methodsArrive},
	{claim: "TargetsArriveAsTheyWereSent", run: targetsArrive},
	{claim: "FieldsArriveInOrder", run: fieldsArrive},
	{claim: "TheSchemeSaysWhetherTheFlowIsSecured", run: schemeIsTheFlows},
	{claim: "ContentsOfKnownLengthArriveWhole", run: func(p *place) { contentsArrive(p, true) }},
	{claim: "ContentsOfUnknownLengthArriveWhole", run: func(p *place) { contentsArrive(p, false) }},
	{claim: "FilesArriveWhole", run: filesArrive},
	{claim: "TrailersGoBothWays", run: trailersGo},
	{claim: "InterimResponsesComeBeforeTheFinalOne", run: interimComes},
	{claim: "ContentWaitsFor100Continue", run: expectWaits},
	{claim: "ContentThatIsNotWantedIsNotSent", run: expectIsRefused},
	{claim: "ContentDoesNotWaitForeverFor100Continue", run: expectTimesOut, waits: true},
	{claim: "ResponsesWithoutContentLeaveTheConnectionFit", run: withoutContent},
	{claim: "RedirectsAreFollowedWithTheirContent", run: redirects},
}

func methodsArrive(p *place) {
	c := p.both(echo)
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "b!r#e~w"} {
		resp := p.do(c, p.request(method, "/", nil))
		if got := resp.Header.Get("X-Method"); got != method || p.text(resp) != "" {
			p.Errorf("%s arrived as %q", method, got)
		}
	}
}

func targetsArrive(p *place) {
	c := p.both(echo)
	for _, target := range []string{"/?", "/a%2Fb/..;x=1?q=%20&r=[]", "/" + strings.Repeat("long/", 1000) + "?", "/%01%ff?" + strings.Repeat("q", 4000)} {
		r := p.request("GET", "/", nil)
		r.Path, r.Query, _ = strings.Cut(target, "?")
		resp := p.do(c, r)
		if got := resp.Header.Get("X-Target"); got != target || p.text(resp) != "" {
			p.Errorf("%q arrived as %q", target, got)
		}
	}
	r := p.request("OPTIONS", "/", nil)
	r.Path = "*"
	resp := p.do(c, r)
	if got := resp.Header.Get("X-Target"); got != "*?" || p.text(resp) != "" {
		p.Errorf("* arrived as %q", got)
	}
}

// manyFields are fields of which some are alike, some long and some empty.
func manyFields() (list paf.Fields) {
	for i := range 80 {
		list.Add(fmt.Sprintf("x-field-%d", i%30), fmt.Sprintf("value %d", i))
	}
	list.Add("x-empty", "")
	list.Add("x-text", "caf\xc3\xa9 \xff, \"quoted; string\"")
	list.Add("x-long", strings.Repeat("v", 12<<10))
	return list
}

// ours returns the fields of a section that manyFields has made.
func ours(f *paf.Fields) (lines []string) {
	for name, value := range f.All() {
		if name = strings.ToLower(name); strings.HasPrefix(name, "x-") {
			lines = append(lines, name+": "+value)
		}
	}
	return lines
}

func fieldsArrive(p *place) {
	sent := manyFields()
	want := ours(&sent)
	c := p.both(func(w *paf.ResponseWriter, r *paf.Request) {
		if got := ours(&r.Header); !slices.Equal(got, want) {
			p.Errorf("the server got %q", got)
		}
		*w.Header() = manyFields()
	})
	for range 3 {
		r := p.request("GET", "/", nil)
		r.Header = manyFields()
		resp := p.do(c, r)
		if got := ours(&resp.Header); !slices.Equal(got, want) || p.text(resp) != "" {
			p.Errorf("the client got %q", got)
		}
	}
}

func schemeIsTheFlows(p *place) {
	c := p.both(func(w *paf.ResponseWriter, r *paf.Request) {
		fmt.Fprint(w, r.Scheme, " ", r.Authority, " ", r.Protocol)
	})
	scheme, _, _ := strings.Cut(p.url("/"), ":")
	if got, want := p.get(c, "/"), fmt.Sprint(scheme, " flow.test ", p.protocol); got != want {
		p.Errorf("%q, want %q", got, want)
	}
}

// sizes are around what buffers, frames and windows hold.
var sizes = []int64{0, 1, 2047, 4096, 4097, 16384, 65535, 65536, 300_001, 1<<20 + 7, 3 << 20}

func contentsArrive(p *place, known bool) {
	c := p.both(echo)
	for i, n := range sizes {
		r := p.request("POST", "/", unsized{content(n, uint64(i))})
		r.Length = -1
		if known {
			r.Length = n
			if n == 0 {
				r.Body = nil
			}
		}
		resp := p.do(c, r)
		if want := r.Length; resp.Header.Get("X-Length") != fmt.Sprint(want) || want >= 0 && resp.Length != want {
			p.Errorf("%d bytes went with length %s and came back with %d", n, resp.Header.Get("X-Length"), resp.Length)
		}
		if err := same(resp.Body, n, uint64(i)); err != nil {
			p.Errorf("of %d bytes: %v", n, err)
		}
		_ = resp.Body.Close()
	}
	// An echo may be whole before the client has found out that there is no more to be sent, and then costs a connection of HTTP/1.
	if n := c.Stats().Opened; n != 1 && !(known && p.protocol == paf.HTTP11) {
		p.Errorf("%d connections were opened", n)
	}
}

// filesArrive sends a file where the flow may move it by itself (sendfile), whole and in part, up and down.
func filesArrive(p *place) {
	const size, from, part = 2<<20 + 1, 70_000, 1 << 20
	name := filepath.Join(p.TempDir(), "file")
	all, err := io.ReadAll(content(size, 1))
	if err == nil {
		err = os.WriteFile(name, all, 0o600)
	}
	if err != nil {
		p.Fatal(err)
	}
	open := func(at int64) *os.File {
		f, err := os.Open(name)
		if err == nil {
			_, err = f.Seek(at, io.SeekStart)
		}
		if err != nil {
			p.Error(err)
		}
		return f
	}
	c := p.both(func(w *paf.ResponseWriter, r *paf.Request) {
		switch r.Path {
		case "/up":
			got, err := io.ReadAll(r.Body)
			if err != nil || string(got) != string(all) {
				p.Errorf("the server got %d bytes, %v", len(got), err)
			}
		case "/part":
			f := open(from)
			defer f.Close()
			w.Header().Set("Content-Length", fmt.Sprint(part))
			_, _ = w.ReadFrom(io.LimitReader(f, part))
		default:
			f := open(0)
			defer f.Close()
			w.Header().Set("Content-Length", fmt.Sprint(size))
			_, _ = w.ReadFrom(f)
		}
	})
	if p.get(c, "/whole") != string(all) || p.get(c, "/part") != string(all[from:from+part]) {
		p.Error("something else came down than the file has")
	}
	up := p.request("PUT", "/up", open(0))
	up.Length = size
	if got := p.text(p.do(c, up)); got != "" {
		p.Errorf("the answer was %q", got)
	}
}

func trailersGo(p *place) {
	c := p.both(echo)
	for _, n := range []int64{0, 10, 100_000} {
		r := p.request("POST", "/", unsized{content(n, 5)})
		r.Length, r.Trailer = -1, &paf.Fields{}
		r.Trailer.Add("X-Sum", fmt.Sprint("of ", n))
		r.Trailer.Add("X-Other", "two")
		r.Trailer.Add("X-Other", "three")
		resp := p.do(c, r)
		if err := same(resp.Body, n, 5); err != nil {
			p.Error(err)
		}
		_ = resp.Body.Close()
		if resp.Trailer == nil || !slices.Equal(ours(resp.Trailer), ours(r.Trailer)) {
			p.Errorf("after %d bytes came the trailer %v", n, resp.Trailer)
		}
	}
}

func interimComes(p *place) {
	told := make(chan struct{}, 3)
	c := p.both(func(w *paf.ResponseWriter, _ *paf.Request) {
		for i := range 3 {
			w.Header().Set("Link", fmt.Sprintf("</%d>", i))
			w.WriteHeader(103)
			p.held(told, "the interim response to arrive") // before anything else is sent
		}
		w.Header().Del("Link")
	})
	r := p.request("GET", "/", nil)
	var got []string
	r.Options = &paf.SendOptions{Interim: func(status int, f *paf.Fields) error {
		got = append(got, fmt.Sprint(status, " ", f.Get("Link")))
		told <- struct{}{}
		return nil
	}}
	resp := p.do(c, r)
	if p.text(resp) != "" || resp.Status != 200 || resp.Header.Has("Link") || !slices.Equal(got, []string{"103 </0>", "103 </1>", "103 </2>"}) {
		p.Errorf("%q came before %d %v", got, resp.Status, resp.Header)
	}
}

// held is wait in a handler.
func (p *place) held(done <-chan struct{}, what string) {
	if !until(done) {
		p.Errorf("the handler waited in vain for %s", what)
	}
}

// watchedBody tells when it is read for the first time.
type watchedBody struct {
	io.Reader
	read chan struct{}
}

func (b *watchedBody) Read(p []byte) (int, error) {
	select {
	case <-b.read:
	default:
		close(b.read)
	}
	return b.Reader.Read(p)
}

// expecting makes a request that waits for 100 (Continue).
func (p *place) expecting(n int64) (*paf.Request, *watchedBody) {
	body := &watchedBody{content(n, 9), make(chan struct{})}
	r := p.request("POST", "/", body)
	r.Length = n
	r.Header.Set("Expect", "100-continue")
	return r, body
}

func expectWaits(p *place) {
	const n = 100_000
	r, body := p.expecting(n)
	p.serve(func(w *paf.ResponseWriter, r *paf.Request) {
		select {
		case <-body.read:
			p.Error("content was sent before it was asked for")
		default:
		}
		if err := same(r.Body, n, 9); err != nil {
			p.Error(err)
		}
	})
	c := p.client(func(c *paf.Client) { c.ExpectTimeout = -1 })
	if got := p.text(p.do(c, r)); got != "" {
		p.Errorf("the answer was %q", got)
	}
}

func expectIsRefused(p *place) {
	p.serve(func(w *paf.ResponseWriter, r *paf.Request) { w.WriteHeader(413) })
	c := p.client(func(c *paf.Client) { c.ExpectTimeout = -1 })
	for range 3 {
		r, body := p.expecting(1 << 20)
		resp := p.do(c, r)
		if p.text(resp) != "" || resp.Status != 413 {
			p.Errorf("the answer was %d", resp.Status)
		}
		select {
		case <-body.read:
			p.Error("content was sent although it had been refused")
		default:
		}
	}
}

// expectTimesOut has a server that asks for content only when some has been sent.
func expectTimesOut(p *place) {
	r, body := p.expecting(1000)
	p.serve(func(w *paf.ResponseWriter, r *paf.Request) {
		p.held(body.read, "content to be sent")
		if err := same(r.Body, 1000, 9); err != nil {
			p.Error(err)
		}
	})
	c := p.client(func(c *paf.Client) { c.ExpectTimeout = short })
	if got := p.text(p.do(c, r)); got != "" {
		p.Errorf("the answer was %q", got)
	}
}

func withoutContent(p *place) {
	c := p.both(func(w *paf.ResponseWriter, r *paf.Request) {
		switch r.Path {
		case "/204":
			w.WriteHeader(204)
			if _, err := w.WriteString("x"); !errors.Is(err, paf.ErrNoContent) {
				p.Errorf("writing to 204: %v", err)
			}
		case "/304":
			w.Header().Set("ETag", `"x"`)
			w.WriteHeader(304)
		default:
			w.Header().Set("Content-Length", "1000000")
			_, _ = io.Copy(w, content(1_000_000, 3))
		}
	})
	for range 3 {
		for _, x := range []struct {
			method, path string
			status       int
		}{{"GET", "/204", 204}, {"GET", "/304", 304}, {"HEAD", "/", 200}, {"POST", "/204", 204}} {
			resp := p.do(c, p.request(x.method, x.path, nil))
			if got := p.text(resp); got != "" || resp.Status != x.status {
				p.Errorf("%s %s: %d %q", x.method, x.path, resp.Status, got)
			}
			if x.method == "HEAD" && resp.Header.Get("Content-Length") != "1000000" {
				p.Errorf("HEAD tells of %q bytes", resp.Header.Get("Content-Length"))
			}
		}
	}
	if n := c.Stats().Opened; n != 1 {
		p.Errorf("%d connections were opened", n)
	}
}

func redirects(p *place) {
	c := p.both(func(w *paf.ResponseWriter, r *paf.Request) {
		if next, found := map[string]string{"/1": "/2", "/2": p.url("/3")}[r.Path]; found {
			w.Header().Set("Location", next)
			w.WriteHeader(307)
			return // and leaves the content unread
		}
		echo(w, r)
	})
	all, _ := io.ReadAll(content(200_000, 4))
	resp := p.do(c, p.request("PUT", "/1", strings.NewReader(string(all))))
	if got := p.text(resp); got != string(all) || resp.Request.Path != "/3" || resp.Header.Get("X-Method") != "PUT" {
		p.Errorf("%s %s was answered with %d bytes", resp.Header.Get("X-Method"), resp.Request.Path, len(got))
	}
}
