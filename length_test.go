package paf_test

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/paftest"
)

// measured answers as its path says.
func measured(t *testing.T) *paf.Server {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, make([]byte, 30000), 0o600); err != nil {
		t.Fatal(err)
	}
	return handle(func(w *paf.ResponseWriter, r *paf.Request) {
		for _, word := range strings.Split(r.Path[1:], "/") {
			var n int
			switch {
			case word == "":
			case word == "file":
				f, err := os.Open(file)
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = io.Copy(w, f)
				_ = f.Close()
			case word == "flush":
				_ = w.Flush()
			case strings.HasPrefix(word, "says"):
				w.Header().Set("Content-Length", word[4:])
			default:
				if _, err := fmt.Sscanf(word, "gives%d", &n); err == nil {
					if _, err := w.Write(make([]byte, n)); err != nil && r.Method == "HEAD" {
						t.Errorf("%s: what GET would have cannot be told: %v", r.Path, err)
					}
				} else if _, err := fmt.Sscanf(word, "%d", &n); err == nil {
					w.WriteHeader(n)
				}
			}
		}
	})
}

// RFC 9110, Section 8.6, says what Content-Length tells where there is no content: of a HEAD and a 304, what GET or 200 would have,
// if that is known; of a 204, nothing at all; and 205 has none (Section 15.3.6). What follows on the connection shows that no
// content was sent.
func TestLengthOfAnswersWithoutContent(t *testing.T) {
	s := measured(t)
	virtually(t, s, func(t *testing.T, s *paftest.Server) {
		p := newPeer(t, s)
		for _, test := range []struct {
			method, path string
			status       int
			length       string // of Content-Length, none if it is empty
			coding       string
		}{
			{"GET", "/", 200, "0", ""},
			{"HEAD", "/", 200, "", ""}, // the handler knows HEAD, and has not said how long GET would be
			{"GET", "/gives5", 200, "5", ""},
			{"HEAD", "/gives5", 200, "5", ""},
			{"HEAD", "/gives0", 200, "", ""},
			{"GET", "/gives5000", 200, "", "chunked"},
			{"HEAD", "/gives5000", 200, "", ""},
			{"GET", "/gives5/flush/gives5", 200, "", "chunked"},
			{"HEAD", "/gives5/flush/gives5", 200, "", ""},
			{"GET", "/says5/gives5", 200, "5", ""},
			{"HEAD", "/says5/gives5", 200, "5", ""},
			{"HEAD", "/says5", 200, "5", ""},
			{"HEAD", "/says5/flush", 200, "5", ""},
			{"HEAD", "/says5/gives3", 200, "5", ""},
			{"HEAD", "/says5/gives7", 200, "5", ""},
			{"HEAD", "/says5/gives10000", 200, "5", ""},
			{"GET", "/says30000/file", 200, "30000", ""},
			{"HEAD", "/says30000/file", 200, "30000", ""},
			{"HEAD", "/file", 200, "", ""},
			{"HEAD", "/404/gives5", 404, "5", ""},
			{"GET", "/304", 304, "", ""},
			{"HEAD", "/304", 304, "", ""},
			{"GET", "/says5/304", 304, "5", ""},
			{"HEAD", "/says5/304", 304, "5", ""},
			{"GET", "/304/gives5", 304, "", ""},
			{"GET", "/says5/304/gives5", 304, "5", ""},
			{"GET", "/says30000/304/file", 304, "30000", ""},
			{"GET", "/304/flush", 304, "", ""},
			{"GET", "/204", 204, "", ""},
			{"GET", "/says5/204", 204, "", ""},
			{"HEAD", "/says5/204", 204, "", ""},
			{"GET", "/204/gives5", 204, "", ""},
			{"GET", "/205", 205, "0", ""},
			{"GET", "/205/flush", 205, "0", ""},
			{"GET", "/103/204", 103, "", ""},
		} {
			_ = p.send(test.method + " " + test.path + " HTTP/1.1\r\nHost: x\r\n\r\nGET /next HTTP/1.1\r\nHost: x\r\n\r\n")
			resp := p.head(test.method)
			if got := resp.Header["Content-Length"]; resp.StatusCode != test.status || strings.Join(got, ",") != test.length ||
				strings.Join(resp.TransferEncoding, ",") != test.coding {
				t.Errorf("%s %s: %d, length %q, coding %q", test.method, test.path, resp.StatusCode, got, resp.TransferEncoding)
			}
			if _, err := io.Copy(io.Discard, resp.Body); err != nil {
				t.Errorf("%s %s: %v", test.method, test.path, err)
			}
			for resp.StatusCode < 200 {
				resp = p.head(test.method)
			}
			if next := p.head("GET"); next.StatusCode != 200 || next.ContentLength != 0 {
				t.Errorf("%s %s: then came %+v", test.method, test.path, next)
			}
		}
		if n := s.Stats().Opened; n != 1 {
			t.Errorf("%d connections", n)
		}
	})
}

// A client of either protocol takes such answers for whole, and goes on with the connection.
func TestClientTakesAnswersWithoutContentForWhole(t *testing.T) {
	for _, protocol := range []paf.Protocol{paf.HTTP11, paf.HTTP2} {
		virtually(t, measured(t), func(t *testing.T, s *paftest.Server) {
			s.Client.Protocol = protocol
			for _, test := range []struct{ method, path, length string }{
				{"HEAD", "/", ""},
				{"HEAD", "/gives5", "5"},
				{"HEAD", "/gives5000", ""},
				{"HEAD", "/says30000/file", "30000"},
				{"HEAD", "/says5/gives3", "5"},
				{"GET", "/304", ""},
				{"GET", "/says5/304", "5"},
				{"HEAD", "/says5/304", "5"},
				{"GET", "/says5/204", ""},
				{"GET", "/205", "0"},
			} {
				resp, err := s.Client.Do(t.Context(), newRequest(t, test.method, "http://x.test"+test.path, nil))
				if err != nil {
					t.Errorf("%v: %s %s: %v", protocol, test.method, test.path, err)
					continue
				}
				if got := resp.Header.Get("Content-Length"); got != test.length || resp.Length != 0 || readAll(t, resp) != "" {
					t.Errorf("%v: %s %s: length %q, %d", protocol, test.method, test.path, got, resp.Length)
				}
			}
			if n := s.Stats().Opened; n != 1 {
				t.Errorf("%v: %d connections", protocol, n)
			}
		})
	}
}
