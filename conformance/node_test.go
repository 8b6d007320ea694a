package conformance

import (
	"encoding/json"
	"os/exec"
	"testing"

	"github.com/paf-go/paf/internal/testkit"
)

// node is a server of node's modules http and https.
var node = peer{name: "node", can: echoes, start: startNode}

func startNode(t testing.TB, s *site) addresses {
	t.Helper()
	path := testkit.Need(t, "node")
	options, err := json.Marshal(map[string]any{
		"dir": s.dir, "cert": s.cert.pem, "key": s.cert.key, "idle": s.idle.Milliseconds(), "requests": s.requests,
	})
	if err != nil {
		t.Fatal(err)
	}
	at, files := sockets(t)
	run(t, exec.Command(path, "testdata/peer.js", string(options)), files)
	return at
}
