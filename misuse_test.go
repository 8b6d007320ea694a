package paf_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/internal/testkit"
	"github.com/paf-go/paf/paftest"
)

// A record is a line of the log.
type record struct {
	Level, Msg, Component, Method, Path, Error string
	Status, Stands                             int
	Value                                      string
}

// records runs a handler for one request of HTTP/1.1 and returns what the client has got and what was logged.
func records(t *testing.T, method string, f func(w *paf.ResponseWriter, r *paf.Request)) (answer string, lines []record) {
	t.Helper()
	log := &testkit.Record{}
	s := handle(f)
	s.Log = slog.New(slog.NewJSONHandler(log, nil))
	virtually(t, s, func(t *testing.T, s *paftest.Server) {
		p := newPeer(t, s)
		_ = p.send(method + " /misused HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		if got, _ := io.ReadAll(p.in); len(got) > 0 {
			answer = string(got)
		}
		p.Close()
		synctest.Wait()
	})
	for d := json.NewDecoder(strings.NewReader(log.String())); ; {
		var r record
		if err := d.Decode(&r); err == io.EOF {
			return answer, lines
		} else if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, r)
	}
}

// What a handler does wrong is told once, at level Warn, to whoever runs the server; the client gets what can be made of it, and
// never what looks whole and is not.
func TestMisuseOfAResponseWriterIsLogged(t *testing.T) {
	for _, test := range []struct {
		name   string
		f      func(w *paf.ResponseWriter, r *paf.Request)
		msg    string // of the one line; none if it is empty
		status string // of the answer; none if it is empty
		whole  string // the content; "cut" if there is less than was declared
	}{
		{"nothing wrong", hello, "", "200", "hello /misused"},
		{"nothing at all", func(*paf.ResponseWriter, *paf.Request) {}, "", "200", ""},
		{"a status of two digits", func(w *paf.ResponseWriter, r *paf.Request) { w.WriteHeader(42); hello(w, r) },
			"a status is a number from 100 to 599", "500", "hello /misused"},
		{"a status of four digits", func(w *paf.ResponseWriter, r *paf.Request) { w.WriteHeader(1000); hello(w, r) },
			"a status is a number from 100 to 599", "500", "hello /misused"},
		{"two statuses", func(w *paf.ResponseWriter, r *paf.Request) { w.WriteHeader(404); w.WriteHeader(200); hello(w, r) },
			"the status has already been set", "404", "hello /misused"},
		{"a status after the head", func(w *paf.ResponseWriter, r *paf.Request) { hello(w, r); _ = w.Flush(); w.WriteHeader(404) },
			"the status has already been set", "200", "e\r\nhello /misused\r\n0\r\n\r\n"},
		{"a length that is no number", func(w *paf.ResponseWriter, r *paf.Request) { w.Header().Set("Content-Length", "many"); hello(w, r) },
			"Content-Length is not a number and is left out", "200", "hello /misused"},
		{"a negative length", func(w *paf.ResponseWriter, r *paf.Request) { w.Header().Set("Content-Length", "-1"); hello(w, r) },
			"Content-Length is not a number and is left out", "200", "hello /misused"},
		{"too little", func(w *paf.ResponseWriter, r *paf.Request) { w.Header().Set("Content-Length", "20"); hello(w, r) },
			"the response was cut off", "200", "cut"},
		{"nothing of what was declared", func(w *paf.ResponseWriter, r *paf.Request) { w.Header().Set("Content-Length", "20") },
			"the response was cut off", "200", "cut"},
		{"too much", func(w *paf.ResponseWriter, r *paf.Request) {
			w.Header().Set("Content-Length", "5")
			_, _ = io.WriteString(w, "hello")
			if n, err := io.WriteString(w, " world"); n != 0 || !errors.Is(err, paf.ErrLength) {
				panic(fmt.Sprint(n, err))
			}
		}, "what cannot be sent", "200", "hello"},
		{"content where there is none", func(w *paf.ResponseWriter, r *paf.Request) {
			w.WriteHeader(204)
			if n, err := w.Write([]byte("content")); n != 0 || !errors.Is(err, paf.ErrNoContent) {
				panic(fmt.Sprint(n, err))
			}
		}, "what cannot be sent", "204", ""},
		{"a name that is none", func(w *paf.ResponseWriter, r *paf.Request) { w.Header().Add("no name", ""); hello(w, r) },
			"what cannot be sent", "500", ""},
		{"a value with a line end", func(w *paf.ResponseWriter, r *paf.Request) { w.Header().Add("A", "b\r\nC: d"); hello(w, r) },
			"what cannot be sent", "500", ""},
		{"a trailer that frames", func(w *paf.ResponseWriter, r *paf.Request) { hello(w, r); w.Trailer().Add("no name", "") },
			"the response was cut off", "200", "e\r\nhello /misused\r\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			answer, lines := records(t, "GET", test.f)
			if test.msg == "" && len(lines) > 0 || test.msg != "" && (len(lines) != 1 || !strings.Contains(lines[0].Msg, test.msg) ||
				lines[0].Level != "WARN" || lines[0].Component != "paf-server") {
				t.Errorf("logged %+v, want %q", lines, test.msg)
			}
			head, content, _ := strings.Cut(answer, "\r\n\r\n")
			if test.status == "" && answer != "" || !strings.HasPrefix(head, strings.TrimSpace("HTTP/1.1 "+test.status)) && test.status != "" {
				t.Errorf("answered %q", head)
			}
			if test.whole == "cut" {
				if !strings.Contains(head, "Content-Length: 20") || len(content) >= 20 {
					t.Errorf("answered %q %q", head, content)
				}
			} else if content != test.whole {
				t.Errorf("answered %q %q, want %q", head, content, test.whole)
			}
		})
	}
}

// The line of a response that was cut off says which one, and why.
func TestLogOfAResponseThatWasCutOffNamesTheRequest(t *testing.T) {
	_, lines := records(t, "PUT", func(w *paf.ResponseWriter, r *paf.Request) { w.Header().Set("Content-Length", "20") })
	if len(lines) != 1 || lines[0].Method != "PUT" || lines[0].Path != "/misused" || !strings.Contains(lines[0].Error, "less content than was declared") {
		t.Errorf("logged %+v", lines)
	}
}

// Whoever keeps w or r.Body beyond the handler's return gets errors: on this connection another exchange may be going on.
func TestUseAfterTheHandlerHasReturnedFailsAndHarmsNobody(t *testing.T) {
	large := bytes.Repeat([]byte("x"), 1<<20)
	for _, protocol := range []paf.Protocol{paf.HTTP11, paf.HTTP2} {
		var kept *paf.ResponseWriter
		var request *paf.Request
		log := &testkit.Record{}
		s := handle(func(w *paf.ResponseWriter, r *paf.Request) {
			if kept == nil {
				kept, request = w, r
				return
			}
			for name, use := range map[string]func() error{
				"Write":    func() error { _, err := kept.Write(bytes.Repeat([]byte("x"), 10000)); return err },
				"Flush":    func() error { return kept.Flush() },
				"ReadFrom": func() error { _, err := kept.ReadFrom(strings.NewReader("x")); return err },
				"Read":     func() error { _, err := request.Body.Read(make([]byte, 1)); return err },
				"String":   func() error { _, err := kept.WriteString("x"); return err },
			} {
				if err := use(); !errors.Is(err, paf.ErrPeerGone) {
					t.Errorf("%v: %s: %v", protocol, name, err)
				}
			}
			kept.SetWriteDeadline(time.Now().Add(-time.Hour))
			kept.WriteHeader(103)
			kept.WriteHeader(404)
			_, _ = w.Write(large)
		})
		s.Log = slog.New(slog.NewTextHandler(log, nil))
		virtually(t, s, func(t *testing.T, s *paftest.Server) {
			s.Client.Protocol = protocol
			for _, want := range []string{"", string(large)} {
				resp, err := s.Client.Do(t.Context(), newRequest(t, "POST", "http://x.test/", strings.NewReader("content")))
				if err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Second) // for a write to be cut off that must not be
				if got := readAll(t, resp); got != want || resp.Status != 200 {
					t.Errorf("%v: got %d and %d bytes, want %d", protocol, resp.Status, len(got), len(want))
				}
			}
			if got := s.Stats().Opened; got != 1 {
				t.Errorf("%v: %d connections", protocol, got)
			}
		})
		if got := log.String(); strings.Count(got, "the handler has returned") != 1 {
			t.Errorf("%v: logged %q", protocol, got)
		}
	}
}
