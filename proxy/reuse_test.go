package proxy_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/proxy"
)

// What an exchange was passed on with is used again: no request, no interim response and no Report is made of another one's.
func TestPassagesDoNotSeeEachOther(t *testing.T) {
	eachWay(t, func(t *testing.T, client paf.Protocol, scheme string) {
		upstream := serve(t, paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) {
			w.Header().Set("Link", r.Header.Get("X-Name"))
			w.WriteHeader(103)
			w.Header().Set("X-Fields", strings.Join(r.Header.Values("X-Field"), ","))
			_, _ = w.WriteString(r.Path)
		}))
		const callers, calls = 8, 100
		var mu sync.Mutex
		reports := map[*proxy.Report]string{}
		at := before(t, &proxy.Reverse{Upstreams: []*proxy.Upstream{{URL: scheme + "://" + upstream}},
			OnDone: func(_ *paf.ResponseWriter, r *paf.Request, report *proxy.Report) {
				mu.Lock()
				defer mu.Unlock()
				reports[report] = r.Path
			}})
		c := asker(t, client)
		var all sync.WaitGroup
		for i := range callers {
			all.Go(func() {
				for n := range calls {
					askByName(t, c, at, fmt.Sprintf("%d-%d", i, n), (i+n)%9)
				}
			})
		}
		all.Wait()
		mu.Lock()
		defer mu.Unlock()
		if len(reports) != callers*calls {
			t.Errorf("%d reports of %d requests", len(reports), callers*calls)
		}
		for report, path := range reports {
			if report.Took <= 0 || report.Tries != 1 || report.Err != nil {
				t.Fatalf("the report of %s was changed: %+v", path, report)
			}
		}
	})
}

// askByName sends a request with so many fields of its own, and looks at what was made of it.
func askByName(t *testing.T, c *paf.Client, at, name string, fields int) {
	r, err := paf.NewRequest("GET", "http://"+at+"/"+name, nil)
	if err != nil {
		t.Error(err)
		return
	}
	r.Header.Add("X-Name", name)
	var sent []string
	for n := range fields {
		sent = append(sent, fmt.Sprintf("%s-%d", name, n))
		r.Header.Add("X-Field", sent[n])
	}
	told := 0
	r.Options = &paf.SendOptions{Interim: func(_ int, f *paf.Fields) error {
		if told++; f.Get("Link") != name {
			t.Errorf("%s was told of %q", name, f.Get("Link"))
		}
		return nil
	}}
	resp, err := c.Do(context.Background(), r)
	if err != nil {
		t.Error(err)
		return
	}
	if got, body := resp.Header.Get("X-Fields"), read(t, resp); told != 1 || got != strings.Join(sent, ",") || body != "/"+name {
		t.Errorf("%s: %d interim responses, %q, %q", name, told, got, body)
	}
}
