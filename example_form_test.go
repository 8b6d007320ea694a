package paf_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/mimic"
)

// form answers with what net/url reads in the query and in the content, which are sent in one notation. How much content is read is the
// handler's to say.
func form(w *paf.ResponseWriter, r *paf.Request) {
	query, err := url.ParseQuery(r.Query)
	if err != nil {
		w.WriteHeader(400)
		return
	}
	content, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return // the client has gone
	}
	fields, err := url.ParseQuery(string(content))
	if err != nil {
		w.WriteHeader(400)
		return
	}
	fmt.Fprintf(w, "page %s: %s says %q\n", query.Get("page"), fields.Get("name"), fields.Get("text"))
}

// Queries are as they were sent, and so are forms: net/url decodes them. A request with content is made by NewRequest and sent by Do.
func ExampleClient_Do_post() {
	c := overPipe(&paf.Server{Handler: paf.HandlerFunc(form)})
	defer c.Close()
	values := url.Values{"name": {"Ada"}, "text": {"1 + 1 = 2"}}
	r, err := paf.NewRequest("POST", "http://paf.test/?page=7", strings.NewReader(values.Encode()))
	if err != nil {
		panic(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := c.Do(context.Background(), r)
	if err != nil {
		panic(err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(os.Stdout, resp.Body)
	// Output: page 7: Ada says "1 + 1 = 2"
}

// JSON is read from the Body and written to the ResponseWriter.
func ExampleRequest_json() {
	c := overPipe(&paf.Server{Handler: paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) {
		var numbers []int
		if err := json.NewDecoder(r.Body).Decode(&numbers); err != nil {
			w.WriteHeader(400)
			return
		}
		sum := 0
		for _, n := range numbers {
			sum += n
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]int{"sum": sum})
	})})
	defer c.Close()
	r, err := paf.NewRequest("POST", "http://paf.test/", strings.NewReader("[1, 2, 3]"))
	if err != nil {
		panic(err)
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := c.Do(context.Background(), r)
	if err != nil {
		panic(err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(os.Stdout, resp.Body)
	// Output: {"sum":6}
}

// overPipe returns a client whose every URL leads to a server, without a port.
func overPipe(s *paf.Server) *paf.Client {
	pipe := mimic.Register("pipe", mimic.NoPriority, func(_ context.Context, s *paf.Server) (flow.Flow, error) {
		here, there := flow.Pipe(0)
		go func() { _ = s.ServeFlow(context.Background(), there) }()
		return here, nil
	})
	return &paf.Client{Context: mimic.Add(mimic.Context{}, pipe, s)}
}
