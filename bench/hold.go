package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// idleClient weighs a client that has many responses whose content does not come. All clients ask the
// same server, which takes streamsEach streams a connection. The client runs on the first core, the server on the other.
func idleClient(w work, c contestant, o options) (s sample, err error) {
	if err := enoughFiles(o.conns / streamsEach); err != nil {
		return nil, err
	}
	server, err := contestantNamed("x/net/http2")
	if err != nil {
		return nil, err
	}
	p, err := startServer(server, loadCore, job{H2: true, Many: streamsEach})
	if err != nil {
		return nil, err
	}
	defer p.stop()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute+max(o.length, idleLeast))
	defer cancel()
	client, err := startHolder(ctx, job{Name: c.name, Addr: p.addr, H2: true, Many: o.conns, Hold: true})
	if err != nil {
		return nil, err
	}
	defer client.stop()
	if err := client.hears("ready"); err != nil {
		return nil, err
	}
	before, err := client.memory("VmRSS")
	if err != nil {
		return nil, err
	}
	if _, err := io.WriteString(client.in, "go\n"); err != nil {
		return nil, err
	}
	if err := client.hears("open"); err != nil {
		return nil, err
	}
	time.Sleep(max(o.length, idleLeast))
	after, err := client.memory("VmRSS")
	if err != nil {
		return nil, err
	}
	return client.peak(sample{"kibs": (after - before) / float64(o.conns)})
}

// A holder is a process in the role hold, as its parent sees it.
type holder struct {
	*process
	ctx    context.Context // it is stopped when that ends
	cancel func() bool
	in     io.Writer
	lines  *bufio.Reader
}

// startHolder starts one, which is stopped when ctx ends: what hangs is a row that says so.
func startHolder(ctx context.Context, j job) (*holder, error) {
	cmd, err := child(measuredCore, "hold", j)
	if err != nil {
		return nil, err
	}
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	p, err := launch(cmd, "")
	if err != nil {
		return nil, err
	}
	return &holder{p, ctx, context.AfterFunc(ctx, p.stop), in, bufio.NewReader(out)}, nil
}

// stop stops it, unless ctx has.
func (h *holder) stop() {
	if h.cancel() {
		h.process.stop()
	}
}

// hears waits for a word.
func (h *holder) hears(word string) error {
	if line, err := h.lines.ReadString('\n'); strings.TrimSpace(line) != word {
		return fmt.Errorf("the client did not come to be %s: %w: %s", word, errors.Join(err, h.ctx.Err()), h.said)
	}
	return nil
}

// hold is the role of a client that is weighed: it opens one stream and says "ready", opens the others when it is told
// to and says "open", and goes when its stdin ends.
func hold(j job) error {
	exchange, err := exchangeOf(j)
	if err != nil {
		return err
	}
	if err := exchange(0); err != nil {
		return err
	}
	fmt.Println("ready")
	told := bufio.NewReader(os.Stdin)
	if _, err := told.ReadString('\n'); err != nil {
		return err
	}
	workers := make(chan int, j.Many)
	for i := 1; i < j.Many; i++ {
		workers <- i
	}
	close(workers)
	if _, err := openMany(j.Many-1, func() (io.Closer, error) { return nil, exchange(<-workers) }); err != nil {
		return err
	}
	fmt.Println("open")
	_, _ = told.ReadString('\n')
	return nil
}
