package conformance

import (
	"fmt"
	"os/exec"
	"testing"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/internal/testkit"
)

// curl and nghttp ask for an upgrade to HTTP/2 where they know nothing of the server (RFC 7540, Section 3.2).
func TestUpgradeFromHTTP1IsTakenIfItIsWanted(t *testing.T) {
	for _, wanted := range []bool{true, false} {
		s := &paf.Server{UpgradeH2C: wanted, Handler: paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) {
			fmt.Fprint(w, r.Protocol, " ", r.Path, "\n")
		})}
		ln := testkit.Listen(t)
		testkit.Serve(t, s, ln)
		url := "http://" + ln.Addr().String()
		out, err := exec.Command(testkit.Need(t, "curl"), "-s", "--http2", url+"/a", url+"/b").CombinedOutput()
		protocol := "HTTP/1.1"
		if wanted {
			protocol = "HTTP/2.0"
		}
		if want := protocol + " /a\n" + protocol + " /b\n"; err != nil || string(out) != want {
			t.Errorf("wanted %t: %q, %v", wanted, out, err)
		}
		// A request with content stays on HTTP/1.1.
		out, err = exec.Command(testkit.Need(t, "curl"), "-s", "--http2", "-d", "x=y", url+"/c").CombinedOutput()
		if err != nil || string(out) != "HTTP/1.1 /c\n" {
			t.Errorf("wanted %t, with content: %q, %v", wanted, out, err)
		}
	}
}
