package paf_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/paftest"
)

// reading reads its content in the way that the path says.
func reading(w *paf.ResponseWriter, r *paf.Request) {
	switch r.Path {
	case "/refuse":
		w.WriteHeader(403)
		return
	case "/hints":
		w.WriteHeader(103)
	case "/own":
		w.WriteHeader(100)
	case "/flush":
		_, _ = w.WriteString("begun, ")
		_ = w.Flush()
	case "/late":
		time.Sleep(time.Second)
	}
	one := make([]byte, 1)
	var body []byte
	for {
		n, err := r.Body.Read(one)
		body = append(body, one[:n]...)
		if err != nil {
			fmt.Fprintf(w, "%s %t", body, err == io.EOF)
			return
		}
	}
}

// RFC 9110, Section 10.1.1: the server says 100 when it wants content that the client holds back, once, and in no other case.
func TestServerSaysContinueOnceAndOnlyToWhomItMatters(t *testing.T) {
	const head = " HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
	const chunks = " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n"
	for _, test := range []struct {
		name, head, content string
		want                []string
	}{
		{"content that waits", "POST /" + head, "hello", []string{"100", "200 hello true"}},
		{"chunked content that waits", "POST /" + chunks, "5\r\nhello\r\n0\r\n\r\n", []string{"100", "200 hello true"}},
		{"in another case", "POST /" + strings.Replace(head, "100-continue", "100-Continue", 1), "hello", []string{"100", "200 hello true"}},
		{"wanted later", "POST /late" + head, "hello", []string{"100", "200 hello true"}},
		{"after hints", "POST /hints" + head, "hello", []string{"103", "100", "200 hello true"}},
		{"said by the handler", "POST /own" + head, "hello", []string{"100", "200 hello true"}},
		{"not wanted", "POST /refuse" + head, "", []string{"403  close"}},
		{"chunked and not wanted", "POST /refuse" + chunks, "", []string{"403  close"}},
		{"answered before", "POST /flush" + head, "hello", []string{"200 begun, hello true close"}},
		{"content that does not wait", "POST /" + head + "hello", "", []string{"200 hello true"}},
		{"a part that does not wait", "POST /" + head + "he", "llo", []string{"200 hello true"}},
		{"no content", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nExpect: 100-continue\r\n\r\n", "", []string{"200  true"}},
		{"no content, of a GET", "GET / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\r\n", "", []string{"200  true"}},
		{"HTTP/1.0", "POST / HTTP/1.0\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n", "hello", []string{"200 hello true close"}},
		{"HTTP/1.0, said by the handler", "POST /own HTTP/1.0\r\nContent-Length: 5\r\n\r\n", "hello", []string{"200 hello true close"}},
		{"HTTP/1.0, another expectation", "POST / HTTP/1.0\r\nContent-Length: 5\r\nExpect: 200-ok\r\n\r\n", "hello", []string{"200 hello true close"}},
		{"another expectation", "POST /" + strings.Replace(head, "100-continue", "200-ok", 1), "", []string{"417 Expectation Failed\n close"}},
		{"one more expectation", "POST /" + strings.Replace(head, "100-continue", "100-continue, 200-ok", 1), "", []string{"417 Expectation Failed\n close"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			virtually(t, handle(reading), func(t *testing.T, s *paftest.Server) {
				p := newPeer(t, s)
				start := time.Now()
				_ = p.send(test.head)
				time.Sleep(2 * time.Second) // it waits for longer than for the handler
				if n := p.in.Buffered(); n > 0 {
					t.Errorf("%d bytes were read", n)
				}
				_ = p.send(test.content)
				for _, want := range test.want {
					if got := p.answer(); got != want {
						t.Errorf("got %q, want %q", got, want)
					}
				}
				if closes := strings.HasSuffix(test.want[len(test.want)-1], "close"); closes {
					// Content that nobody has asked for is not waited for.
					if d := p.ended(start); d != 2*time.Second {
						t.Errorf("the connection was closed after %v", d)
					}
					return
				}
				_ = p.send(last)
				if got := p.answer(); !strings.HasPrefix(got, "200 ") {
					t.Errorf("then came %q", got)
				}
			})
		})
	}
}

// The answer of a handler that does not want the content is not held up by it, nor is the connection.
func TestRefusalOfContentThatWaitsComesAtOnce(t *testing.T) {
	virtually(t, handle(reading), func(t *testing.T, s *paftest.Server) {
		p := newPeer(t, s)
		start := time.Now()
		_ = p.send("POST /refuse HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
		if got := p.answer(); got != "403  close" {
			t.Errorf("got %s", got)
		}
		if d := p.ended(start); d != 0 {
			t.Errorf("the server closed after %v", d)
		}
	})
}

// Both sides keep to it on either protocol: the content is sent after the 100, which is told, or not at all.
func TestClientAndServerAgreeOnContinue(t *testing.T) {
	for _, protocol := range []paf.Protocol{paf.HTTP11, paf.HTTP2} {
		virtually(t, handle(reading), func(t *testing.T, s *paftest.Server) {
			s.Client.Protocol, s.Client.ExpectTimeout = protocol, -1
			for path, want := range map[string]string{
				"/": "[100] 200 hello true", "/late": "[100] 200 hello true", "/hints": "[103 100] 200 hello true", "/own": "[100] 200 hello true",
				"/refuse": "[] 403 ",
			} {
				var interim []int
				r := newRequest(t, "POST", "http://x.test"+path, &noted{Reader: strings.NewReader("hello")})
				r.Header.Set("Expect", "100-continue")
				r.Options = &paf.SendOptions{Interim: func(status int, _ *paf.Fields) error { interim = append(interim, status); return nil }}
				resp, err := s.Client.Do(t.Context(), r)
				if err != nil {
					t.Errorf("%v: %s: %v", protocol, path, err)
					continue
				}
				if got := fmt.Sprint(interim, " ", resp.Status, " ", readAll(t, resp)); got != want {
					t.Errorf("%v: %s: %q, want %q", protocol, path, got, want)
				}
				synctest.Wait()
				if read := r.Body.(*noted).read; read != (path != "/refuse") {
					t.Errorf("%v: %s: the content was read: %t", protocol, path, read)
				}
			}
		})
	}
}

// Interim responses are told before Do returns, though they come together with the final one.
func TestInterimResponsesAreToldHoweverTheyCome(t *testing.T) {
	for _, protocol := range []paf.Protocol{paf.HTTP11, paf.HTTP2} {
		script(t, func(t *testing.T, s *scripted) {
			s.Protocol = protocol
			var interim []int
			r := newRequest(t, "GET", "http://x.test/", nil)
			r.Options = &paf.SendOptions{Interim: func(status int, _ *paf.Fields) error { interim = append(interim, status); return nil }}
			resp, err := s.Do(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			if _ = readAll(t, resp); fmt.Sprint(interim, resp.Status) != "[103 103] 200" {
				t.Errorf("%v: %v %d", protocol, interim, resp.Status)
			}
		}, func(s *scripted, c *rawPeer) {
			if protocol == paf.HTTP11 {
				_, _ = http.ReadRequest(c.in)
				_ = c.send("HTTP/1.1 103 A\r\n\r\nHTTP/1.1 103 B\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
				return
			}
			c.speakH2(func(stream string) string {
				const hints, end = "\x08\x03103", "\x88" // :status, as a literal and from the static table
				return "\x00\x00\x05\x01\x04" + stream + hints + "\x00\x00\x05\x01\x04" + stream + hints + "\x00\x00\x01\x01\x05" + stream + end
			})
		})
	}
}

// noted is content that knows whether it was asked for.
type noted struct {
	io.Reader
	read bool
}

func (n *noted) Read(p []byte) (int, error) {
	n.read = true
	return n.Reader.Read(p)
}
