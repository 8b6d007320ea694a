package flows

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"sync"
	"testing"
	"time"
)

// serve answers what speak asks.
func serve(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/none":
		w.WriteHeader(http.StatusNoContent)
	case "/same":
		w.Header().Set("ETag", `"x"`)
		w.WriteHeader(http.StatusNotModified)
	case "/hints":
		for i := range 3 {
			w.Header().Set("Link", fmt.Sprintf("</%d>", i))
			w.WriteHeader(http.StatusEarlyHints)
		}
	case "/abort":
		_, _ = io.WriteString(w, "half")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	case "/wait":
		<-r.Context().Done()
	case "/refuse":
		w.WriteHeader(http.StatusRequestEntityTooLarge)
	case "/lines":
		lines(w, r)
	default:
		echo(w, r)
	}
}

// lines answers each line before the next one comes.
func lines(w http.ResponseWriter, r *http.Request) {
	control := http.NewResponseController(w)
	_ = control.EnableFullDuplex()
	_ = control.Flush()
	for s := bufio.NewScanner(r.Body); s.Scan(); {
		fmt.Fprintln(w, strings.ToUpper(s.Text()))
		_ = control.Flush()
	}
}

func echo(w http.ResponseWriter, r *http.Request) {
	_ = http.NewResponseController(w).EnableFullDuplex()
	w.Header().Set("X-Method", r.Method)
	w.Header().Set("X-Length", fmt.Sprint(r.ContentLength))
	if r.ContentLength >= 0 {
		w.Header().Set("Content-Length", fmt.Sprint(r.ContentLength))
	}
	if _, err := io.Copy(w, r.Body); err != nil {
		panic(http.ErrAbortHandler)
	}
	for name, values := range r.Trailer {
		w.Header()[http.TrailerPrefix+name] = values
	}
}

// A speaker asks over one transport.
type speaker struct {
	*testing.T
	http.RoundTripper
	version
}

// speak asks for all that a server and a client of two makes must agree on.
func speak(t *testing.T, transport http.RoundTripper, v version) {
	for _, c := range []struct {
		claim string
		run   func(s speaker)
	}{
		{"ContentsArriveWhole", contents}, {"TrailersGoBothWays", trailers}, {"ResponsesWithoutContentLeaveTheConnectionFit", withoutContent},
		{"InterimResponsesArrive", hints}, {"ContentThatIsNotWantedIsNotSent", refused}, {"BothDirectionsGoAtOnce", duplex},
		{"ManyAtATimeArriveWhole", many}, {"CancellingARequestEndsIt", cancelled}, {"AResponseThatBreaksOffIsAnError", aborted},
	} {
		t.Run(c.claim, func(t *testing.T) { c.run(speaker{t, transport, v}) })
	}
}

// ask sends a request; unless it is known the length of the content is hidden.
func (s speaker) ask(method, path string, content []byte, known bool) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(s.Context(), patience)
	s.Cleanup(cancel)
	var body io.Reader = http.NoBody
	if content != nil {
		body = bytes.NewReader(content)
	}
	if !known {
		body = struct{ io.Reader }{body}
	}
	r, err := http.NewRequestWithContext(ctx, method, "http://flow.test"+path, body)
	if err != nil {
		return nil, err
	}
	return s.RoundTrip(r)
}

// must is ask where nothing may go wrong; it returns the content, too.
func (s speaker) must(method, path string, content []byte, known bool) (*http.Response, []byte) {
	s.Helper()
	resp, err := s.ask(method, path, content, known)
	if err != nil {
		s.Fatalf("%s %s: %v", method, path, err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		s.Fatalf("%s %s: after %d bytes: %v", method, path, len(got), err)
	}
	if (resp.ProtoMajor == 2) != (s.alpn == "h2") {
		s.Errorf("%s %s was answered in %s", method, path, resp.Proto)
	}
	return resp, got
}

// noise returns n bytes that n determines.
func noise(n int) []byte {
	p := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{byte(n), byte(n >> 8), byte(n >> 16)}).Read(p)
	return p
}

func contents(s speaker) {
	for _, n := range []int{0, 1, 4096, 65_536, 300_001, 2<<20 + 7} {
		for _, known := range []bool{true, false} {
			want := noise(n)
			if resp, got := s.must("POST", "/", want, known); !bytes.Equal(got, want) || resp.Header.Get("X-Method") != "POST" {
				s.Errorf("of %d bytes %d came back, or others", n, len(got))
			}
		}
	}
}

func trailers(s speaker) {
	r, err := http.NewRequestWithContext(s.Context(), "POST", "http://flow.test/", struct{ io.Reader }{bytes.NewReader(noise(100_000))})
	if err != nil {
		s.Fatal(err)
	}
	r.Trailer = http.Header{"X-Sum": {"of all"}}
	resp, err := s.RoundTrip(r)
	if err != nil {
		s.Fatal(err)
	}
	defer resp.Body.Close()
	if got, err := io.ReadAll(resp.Body); err != nil || !bytes.Equal(got, noise(100_000)) || resp.Trailer.Get("X-Sum") != "of all" {
		s.Errorf("%d bytes, %v, trailer %v", len(got), err, resp.Trailer)
	}
}

func withoutContent(s speaker) {
	for range 3 {
		for path, status := range map[string]int{"/none": 204, "/same": 304} {
			if resp, got := s.must("GET", path, nil, true); resp.StatusCode != status || len(got) > 0 {
				s.Errorf("%s: %d and %d bytes", path, resp.StatusCode, len(got))
			}
		}
		if resp, got := s.must("HEAD", "/", nil, true); resp.StatusCode != 200 || len(got) > 0 {
			s.Errorf("HEAD: %d and %d bytes", resp.StatusCode, len(got))
		}
	}
}

func hints(s speaker) {
	var got []string
	trace := &httptrace.ClientTrace{Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
		got = append(got, fmt.Sprint(code, " ", h.Get("Link")))
		return nil
	}}
	r, err := http.NewRequestWithContext(httptrace.WithClientTrace(s.Context(), trace), "GET", "http://flow.test/hints", nil)
	if err != nil {
		s.Fatal(err)
	}
	resp, err := s.RoundTrip(r)
	if err != nil {
		s.Fatal(err)
	}
	_ = resp.Body.Close()
	if want := "[103 </0> 103 </1> 103 </2>]"; fmt.Sprint(got) != want || resp.StatusCode != 200 {
		s.Errorf("%v came before %d", got, resp.StatusCode)
	}
}

func refused(s speaker) {
	r, err := http.NewRequestWithContext(s.Context(), "POST", "http://flow.test/refuse", bytes.NewReader(noise(1<<20)))
	if err != nil {
		s.Fatal(err)
	}
	r.Header.Set("Expect", "100-continue")
	resp, err := s.RoundTrip(r)
	if err != nil {
		s.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != 413 {
		s.Errorf("answered %d", resp.StatusCode)
	}
}

func duplex(s speaker) {
	body, up := io.Pipe()
	r, err := http.NewRequestWithContext(s.Context(), "POST", "http://flow.test/lines", body)
	if err != nil {
		s.Fatal(err)
	}
	resp, err := s.RoundTrip(r)
	if err != nil {
		s.Fatal(err)
	}
	defer resp.Body.Close()
	down := bufio.NewReader(resp.Body)
	for i := range 30 {
		fmt.Fprintf(up, "line %d\n", i)
		if got, err := down.ReadString('\n'); err != nil || got != fmt.Sprintf("LINE %d\n", i) {
			s.Fatalf("%q, %v", got, err)
		}
	}
	_ = up.Close()
	if rest, err := io.ReadAll(down); err != nil || len(rest) > 0 {
		s.Errorf("at the end came %q, %v", rest, err)
	}
}

func many(s speaker) {
	var all sync.WaitGroup
	for i := range 24 {
		all.Go(func() {
			want := noise(i * 7000)
			resp, err := s.ask("POST", "/", want, i%2 == 0)
			if err != nil {
				s.Error(err)
				return
			}
			defer resp.Body.Close()
			if got, err := io.ReadAll(resp.Body); err != nil || !bytes.Equal(got, want) {
				s.Errorf("of %d bytes %d came back: %v", len(want), len(got), err)
			}
		})
	}
	all.Wait()
}

func cancelled(s speaker) {
	ctx, cancel := context.WithTimeout(s.Context(), 50*time.Millisecond)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, "GET", "http://flow.test/wait", nil)
	if err != nil {
		s.Fatal(err)
	}
	if resp, err := s.RoundTrip(r); err == nil {
		_ = resp.Body.Close()
		s.Errorf("answered %d", resp.StatusCode)
	}
	if _, got := s.must("POST", "/", []byte("afterwards"), true); string(got) != "afterwards" {
		s.Errorf("afterwards %q came back", got)
	}
}

func aborted(s speaker) {
	resp, err := s.ask("GET", "/abort", nil, true)
	if err == nil {
		_, err = io.ReadAll(resp.Body)
		_ = resp.Body.Close()
	}
	if err == nil {
		s.Error("half a response was taken for whole")
	}
	if _, got := s.must("POST", "/", []byte("afterwards"), true); string(got) != "afterwards" {
		s.Errorf("afterwards %q came back", got)
	}
}
