package conformance

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/paf-go/paf"
)

// text reads a response of a few bytes.
func text(t *testing.T, resp *paf.Response) string {
	t.Helper()
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// digitsSite is a site whose file "digits" can be counted along.
func digitsSite(t *testing.T) *site {
	s := newSite(t)
	if err := os.WriteFile(filepath.Join(s.dir, "root", "digits"), []byte("0123456789abcdef"), 0o644); err != nil {
		t.Fatal(err)
	}
	return s
}

// TestAnswersToConditionsHaveNoContent: 304 and 412 come on one connection with what follows them, so
// nothing was waited for that a 304 with a Content-Length does not bring.
func TestAnswersToConditionsHaveNoContent(t *testing.T) {
	eachOf(t, tags, digitsSite, func(t *testing.T, x *there) {
		c := x.client(t)
		first := x.do(t, c, "GET", "/bytes/digits", nil)
		tag, date := first.Header.Get("ETag"), first.Header.Get("Last-Modified")
		if text(t, first) != "0123456789abcdef" || tag == "" || date == "" {
			t.Fatalf("tag %q, date %q", tag, date)
		}
		for _, row := range []struct {
			method, field, value string
			status               int
			content              string
		}{
			{"GET", "If-None-Match", tag, 304, ""},
			{"HEAD", "If-None-Match", tag, 304, ""},
			{"GET", "If-None-Match", `"another"`, 200, "0123456789abcdef"},
			{"GET", "If-Modified-Since", date, 304, ""},
			{"GET", "If-Match", tag, 200, "0123456789abcdef"},
			{"HEAD", "If-Match", tag, 200, ""},
			{"HEAD", "If-Match", `"another"`, 412, ""},
		} {
			resp := x.do(t, c, row.method, "/bytes/digits", nil, row.field, row.value)
			if got := text(t, resp); resp.Status != row.status || got != row.content {
				t.Errorf("%s, %s: %s: %d %q", row.method, row.field, row.value, resp.Status, got)
			}
			if row.status == 304 && resp.Header.Get("ETag") != tag {
				t.Errorf("%s, %s: the tag is %q", row.method, row.field, resp.Header.Get("ETag"))
			}
		}
		if opened := c.Stats().Opened; opened != 1 {
			t.Errorf("%d connections were opened", opened)
		}
	})
}

func TestRangesGiveTheirPart(t *testing.T) {
	eachOf(t, tags, digitsSite, func(t *testing.T, x *there) {
		c := x.client(t)
		first := x.do(t, c, "HEAD", "/bytes/digits", nil)
		tag := first.Header.Get("ETag")
		if got := text(t, first); got != "" || first.Length != 0 || first.Header.Get("Content-Length") != "16" {
			t.Errorf("HEAD gave %q of %d bytes", got, first.Length)
		}
		for _, row := range []struct {
			value, condition string
			status           int
			content, is      string
		}{
			{"bytes=3-5", "", 206, "345", "bytes 3-5/16"},
			{"bytes=0-0", tag, 206, "0", "bytes 0-0/16"},
			{"bytes=10-", "", 206, "abcdef", "bytes 10-15/16"},
			{"bytes=-2", "", 206, "ef", "bytes 14-15/16"},
			{"bytes=3-5", `"another"`, 200, "0123456789abcdef", ""},
		} {
			fields := []string{"Range", row.value}
			if row.condition != "" {
				fields = append(fields, "If-Range", row.condition)
			}
			resp := x.do(t, c, "GET", "/bytes/digits", nil, fields...)
			got := text(t, resp)
			if resp.Status != row.status || got != row.content || resp.Header.Get("Content-Range") != row.is || resp.Length != int64(len(row.content)) {
				t.Errorf("%s, if %s: %d %q, length %d, %q", row.value, row.condition, resp.Status, got, resp.Length, resp.Header.Get("Content-Range"))
			}
		}
		resp := x.do(t, c, "GET", "/bytes/digits", nil, "Range", "bytes=16-")
		if text(t, resp); resp.Status != 416 || resp.Header.Get("Content-Range") != "bytes */16" {
			t.Errorf("a range beyond the end: %d, %q", resp.Status, resp.Header.Get("Content-Range"))
		}
		resp = x.do(t, c, "GET", "/bytes/digits", nil, "Range", "bytes=1-2,8-9")
		_, params, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
		parts := multipart.NewReader(strings.NewReader(text(t, resp)), params["boundary"])
		for _, want := range []string{"12", "89"} {
			part, perr := parts.NextPart()
			if perr != nil {
				t.Fatalf("%v, %v", err, perr)
			}
			if got, err := io.ReadAll(part); string(got) != want || err != nil {
				t.Errorf("a part is %q, want %q: %v", got, want, err)
			}
		}
		if opened := c.Stats().Opened; opened != 1 {
			t.Errorf("%d connections were opened", opened)
		}
	})
}

// asked counts how often content was read.
type asked struct {
	io.Reader
	times int
}

func (a *asked) Read(p []byte) (int, error) {
	a.times++
	return a.Reader.Read(p)
}

// TestContentWaitsForContinue: with a patience of an hour content goes out only if 100 (Continue) has come.
func TestContentWaitsForContinue(t *testing.T) {
	each(t, echoes|stores, func(t *testing.T, x *there) {
		c := x.client(t)
		c.ExpectTimeout = time.Hour
		for _, size := range sizes[1:] {
			for _, length := range []int64{size, 0} { // 0: chunked
				method, path := "POST", "/echo"
				if x.can&echoes == 0 {
					method, path = "PUT", "/store/file"
				}
				// Its length is hidden from NewRequest, so that what is declared is up to us.
				r := x.request(t, method, path, io.MultiReader(bytes.NewReader(noise(size))), "Expect", "100-continue")
				r.Length = length
				var interim []int
				r.Options = &paf.SendOptions{Interim: func(status int, _ *paf.Fields) error { interim = append(interim, status); return nil }}
				resp, err := c.Do(t.Context(), r)
				if err != nil {
					t.Fatal(err)
				}
				sum, n := readAll(t, resp)
				if len(interim) != 1 || interim[0] != 100 {
					t.Errorf("%d bytes: interim responses %v", size, interim)
				}
				if x.can&echoes == 0 {
					sum, n = readAll(t, x.do(t, c, "GET", path, nil))
				}
				if sum != digest(noise(size)) {
					t.Errorf("of %d bytes %d came back, with another digest", size, n)
				}
			}
		}
	})
}

// TestContentThatIsRefusedIsNotSent: the final response comes at once, and the next request finds a connection in order.
func TestContentThatIsRefusedIsNotSent(t *testing.T) {
	each(t, 0, func(t *testing.T, x *there) {
		c := x.client(t)
		c.ExpectTimeout = time.Hour
		for range 3 {
			body := &asked{Reader: strings.NewReader("content")}
			r := x.request(t, "POST", "/refuse", body, "Expect", "100-continue")
			r.Length = 7
			resp, err := c.Do(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			readAll(t, resp)
			if resp.Status != 413 || body.times != 0 {
				t.Errorf("status %d; the content was read %d times", resp.Status, body.times)
			}
			if _, n := readAll(t, x.do(t, c, "GET", "/bytes/1", nil)); n != 1 {
				t.Errorf("the next response had %d bytes", n)
			}
		}
	})
}

// TestContentThatIsRefusedMidwayDoesNotHideTheAnswer: without an expectation a large content is on its
// way when the refusal comes; some peers close the connection then.
func TestContentThatIsRefusedMidwayDoesNotHideTheAnswer(t *testing.T) {
	each(t, 0, func(t *testing.T, x *there) {
		c := x.client(t)
		for range 3 {
			r := x.request(t, "POST", "/refuse", io.LimitReader(zeros{}, 8<<20))
			r.Length = 8 << 20
			resp, err := c.Do(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			if text(t, resp); resp.Status != 413 {
				t.Errorf("status %d", resp.Status)
			}
		}
	})
}
