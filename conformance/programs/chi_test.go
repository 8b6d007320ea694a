package programs

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/paf-go/paf/internal/testkit"
)

// A formatter is chi's own, but that panics go to the journal too.
type formatter struct{ middleware.DefaultLogFormatter }

func (f *formatter) NewLogEntry(r *http.Request) middleware.LogEntry {
	return entry{f.DefaultLogFormatter.NewLogEntry(r), f.Logger}
}

type entry struct {
	middleware.LogEntry
	middleware.LoggerInterface
}

func (e entry) Panic(v any, _ []byte) { e.Print("panic: ", v) }

const pageLength = 100_000

// chiApplication is a service on chi with the middleware that most have.
func chiApplication(journal io.Writer, held chan struct{}, inside chan<- struct{}) http.Handler {
	r := chi.NewRouter()
	r.Use(middleware.RequestID)
	r.Use(middleware.RequestLogger(&formatter{middleware.DefaultLogFormatter{Logger: log.New(journal, "", 0), NoColor: true}}))
	r.Use(middleware.Recoverer, middleware.Heartbeat("/ping"), middleware.GetHead, middleware.SetHeader("X-App", "chi"))
	r.Group(func(r chi.Router) {
		r.Use(middleware.Compress(5, "text/plain", "application/json"))
		r.Get("/page", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			_, _ = io.WriteString(w, strings.Repeat("x", pageLength))
		})
		r.Get("/stream", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			for i := range 3 {
				fmt.Fprintf(w, "piece %d\n", i)
				w.(http.Flusher).Flush()
				<-held
			}
		})
	})
	r.Route("/users/{name}", func(r chi.Router) {
		r.Use(middleware.BasicAuth("users", map[string]string{"ada": "secret"}))
		r.Get("/", func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, chi.URLParam(r, "name"), " ", chi.RouteContext(r.Context()).RoutePattern())
		})
	})
	r.With(middleware.Timeout(20*time.Millisecond)).Get("/late", func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	r.With(middleware.ThrottleBacklog(1, 1, time.Minute)).Get("/throttled", func(w http.ResponseWriter, r *http.Request) {
		inside <- struct{}{}
		<-held
		_, _ = io.WriteString(w, "through")
	})
	r.Get("/panics", func(w http.ResponseWriter, r *http.Request) { panic("as the test asked") })
	r.With(middleware.AllowContentType("application/json"), middleware.RequestSize(20)).Post("/json", func(w http.ResponseWriter, r *http.Request) {
		content, err := io.ReadAll(r.Body)
		if err != nil {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
		}
		_, _ = w.Write(content)
	})
	return r
}

// TestChi routes with chi, and its middleware logs, compresses, recovers, authenticates, times out and throttles.
func TestChi(t *testing.T) {
	each(t, []version{h1, h2, h2c}, func(t *testing.T, w *world) {
		var journal testkit.Record
		held, inside := make(chan struct{}), make(chan struct{}, 10)
		url := w.serve(t, chiApplication(&journal, held, inside))
		rt := w.transport(t)

		ask(t, rt, "GET", url+"/ping", nil).is(t, 200, ".")
		a := ask(t, rt, "GET", url+"/page", nil) // the transport decompresses what it has asked for
		a.is(t, 200, strings.Repeat("x", pageLength))
		a.has(t, "X-App: chi", "Vary: Accept-Encoding", "Content-Encoding: ")
		if !a.Uncompressed {
			t.Error("the page was not compressed")
		}
		a = ask(t, rt, "GET", url+"/page", nil, "Accept-Encoding: gzip")
		a.has(t, "Content-Encoding: gzip")
		if plain := gunzip(t, a.content); plain != strings.Repeat("x", pageLength) || len(a.content) > pageLength/10 {
			t.Errorf("%d bytes became %d", len(a.content), len(plain))
		}
		ask(t, rt, "HEAD", url+"/page", nil).is(t, 200, "")
		streams(t, rt, url+"/stream", held)

		a = ask(t, rt, "GET", url+"/users/ada/", nil, "Authorization: Basic YWRhOnNlY3JldA==")
		a.is(t, 200, "ada /users/{name}")
		a = ask(t, rt, "GET", url+"/users/ada/", nil)
		a.is(t, 401, "")
		a.has(t, `Www-Authenticate: Basic realm="users"`)
		ask(t, rt, "GET", url+"/late", nil).is(t, 504, "")
		ask(t, rt, "GET", url+"/panics", nil).is(t, 500, "")
		ask(t, rt, "GET", url+"/nowhere", nil).is(t, 404, "404 page not found\n")
		a = ask(t, rt, "DELETE", url+"/page", nil)
		a.is(t, 405, "")
		a.has(t, "Allow: GET")
		ask(t, rt, "POST", url+"/json", strings.NewReader(`{"a":1}`), "Content-Type: application/json").is(t, 200, `{"a":1}`)
		ask(t, rt, "POST", url+"/json", strings.NewReader(`{"a":1}`), "Content-Type: text/plain").is(t, 415, "")
		ask(t, rt, "POST", url+"/json", strings.NewReader(strings.Repeat("1", 50)), "Content-Type: application/json").is(t, 413, "...")
		throttles(t, rt, url+"/throttled", held, inside)

		for _, line := range []string{
			`"GET ` + url + `/page HTTP/`, ` - 200 57B in `, `panic: as the test asked`, `"GET ` + url + `/panics HTTP/`, ` - 500 0B in `, "from 127.0.0.1:",
		} {
			if !strings.Contains(journal.String(), line) {
				t.Errorf("the journal has no %q:\n%s", line, journal.String())
			}
		}
	})
}

// streams reads each piece of a stream before the handler goes on.
func streams(t *testing.T, rt http.RoundTripper, url string, held chan struct{}) {
	t.Helper()
	resp := send(t, rt, request(t, "GET", url, nil))
	for i := range 3 {
		reads(t, resp.Body, fmt.Sprintf("piece %d\n", i))
		held <- struct{}{}
	}
	if rest := readAll(t, resp.Body); rest != "" || !resp.Uncompressed {
		t.Errorf("the rest of the stream is %q; compressed: %t", rest, resp.Uncompressed)
	}
}

// throttles has one request inside and one waiting: a third is refused.
func throttles(t *testing.T, rt http.RoundTripper, url string, held chan struct{}, inside <-chan struct{}) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	answers := make(chan answer, 3)
	for range 3 {
		go func() {
			resp, err := rt.RoundTrip(request(t, "GET", url, nil).WithContext(ctx))
			if err != nil {
				t.Error(err)
				resp = &http.Response{Body: http.NoBody}
			}
			content, _ := io.ReadAll(resp.Body)
			resp.Body.Close()
			answers <- answer{resp, string(content)}
		}()
	}
	receive(t, inside, "a first request")
	refused := receive(t, answers, "a request that is refused")
	refused.is(t, 429, "Server capacity exceeded.\n")
	for range 2 {
		held <- struct{}{}
		receive(t, answers, "a request that got through").is(t, 200, "through")
	}
	<-inside
}

func gunzip(t *testing.T, s string) string {
	t.Helper()
	z, err := gzip.NewReader(strings.NewReader(s))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(plain)
}
