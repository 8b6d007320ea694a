package load

import (
	"math"

	"github.com/paf-go/paf/cmd/paf/internal/exit"
)

// How much may be asked for: more takes memory before anything is sent, and no server is found out by it.
const (
	mostConnections = 1_000_000
	mostEach        = 100_000    // requests at the same time on a connection
	mostTogether    = 10_000_000 // on all
)

// otherFiles is how many files a run may have open besides its connections: its outputs, its timers, a name that is looked up.
const otherFiles = 32

// excess says what of the options is more than can be done by a process that may have so many files open.
func (o *Options) excess(files int64) error {
	if o.NoFiles {
		files = math.MaxInt64
	}
	for _, n := range []struct {
		flag string
		is   int
		most int
	}{{"-c", o.Connections, mostConnections}, {"-m", o.Streams, mostEach}, {"--pipeline", o.Pipeline, mostEach}} {
		if n.is > n.most {
			return exit.Errorf(exit.Usage, "%s %d is too much: it takes %d at most", n.flag, n.is, n.most)
		}
	}
	switch each := max(1, o.Streams, o.Pipeline); {
	case o.Connections > mostTogether/each:
		return exit.Errorf(exit.Usage, "-c %d with %d requests at the same time on each is too much: %d are the most on all together", o.Connections, each, mostTogether)
	case int64(o.Connections) > files-otherFiles:
		return exit.Errorf(exit.Usage, "-c %d needs more open files than this process may have (%d): raise it with \"ulimit -n\", or take fewer connections",
			o.Connections, files)
	}
	return nil
}
