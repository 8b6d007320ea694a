package netstack_test

import (
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/internal/testkit"
	"github.com/paf-go/paf/netstack"
)

// serve runs a server on a stack until the test ends.
func serve(t testing.TB, s *netstack.Stack, server *paf.Server) {
	t.Helper()
	ln, err := s.Listen("tcp", ":80")
	if err != nil {
		t.Fatal(err)
	}
	server.Log = quiet
	testkit.Serve(t, server, ln)
}

// clientOn returns a client all of whose connections go over a stack.
func clientOn(t testing.TB, s *netstack.Stack, p paf.Protocol) *paf.Client {
	c := &paf.Client{Context: s.Context(paf.Host, paf.Port), Protocol: p}
	t.Cleanup(c.Close)
	return c
}

// exchanges is how many there are in all.
const exchanges = 10000

// TestTenThousandExchangesArriveInOrder sends requests one after the other, over both protocols and both families. Each has
// content of its own, and its answer must be made of it.
func TestTenThousandExchangesArriveInOrder(t *testing.T) {
	for name, p := range map[string]paf.Protocol{"HTTP1": paf.HTTP11, "HTTP2": paf.HTTP2} {
		t.Run(name, func(t *testing.T) {
			one, two := stacks(t)
			var served []string // in the order of the server, which is one goroutine's
			serve(t, two, &paf.Server{Handler: paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) {
				content, err := io.ReadAll(r.Body)
				if err != nil {
					t.Error(err)
				}
				served = append(served, r.Path)
				fmt.Fprintf(w, "%s has %d bytes", r.Path, len(content))
			})})
			client := clientOn(t, one, p)
			for i := range exchanges / 2 {
				url := "http://" + net.JoinHostPort([]string{twoV4, twoV6}[i%2], "80") + "/" + strconv.Itoa(i)
				if got, want := post(t, client, url, strings.Repeat("x", i)), fmt.Sprintf("/%d has %d bytes", i, i); got != want {
					t.Fatalf("%q, want %q", got, want)
				}
			}
			for i, path := range served {
				if path != "/"+strconv.Itoa(i) {
					t.Fatalf("exchange %d was %s", i, path)
				}
			}
			if len(served) != exchanges/2 {
				t.Errorf("%d exchanges were served, want %d", len(served), exchanges/2)
			}
			nothingLost(t, one, two)
		})
	}
}

// post sends content and returns the answer.
func post(t testing.TB, c *paf.Client, url, content string) string {
	r, err := paf.NewRequest("POST", url, strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.Do(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil || resp.Status != 200 {
		t.Fatalf("%d, %v", resp.Status, err)
	}
	return string(got)
}

// nothingLost says what was dropped or refused.
func nothingLost(t testing.TB, all ...*netstack.Stack) {
	t.Helper()
	for _, s := range all {
		if st := s.Stats(); st.Dropped+st.Failed != 0 {
			t.Errorf("something was lost: %+v", st)
		}
	}
	if a, b := all[0].Stats(), all[1].Stats(); a.Received > b.Sent || b.Received > a.Sent {
		t.Errorf("%+v, %+v: more was received than sent", a, b)
	}
}
