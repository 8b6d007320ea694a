package fetch

import (
	"context"
	"io"
	"os"
	"path"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/cmd/paf/internal/exit"
	"github.com/paf-go/paf/cmd/paf/internal/pathname"
	"github.com/paf-go/paf/cmd/paf/internal/typed"
	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// RemoteName returns the name under which the content of a URL's path may be
// saved in the present directory: its last segment, decoded.
func RemoteName(rawURL string) (string, error) {
	r, err := paf.NewRequest("GET", typed.URL(rawURL), nil)
	if err != nil {
		return "", unusable(rawURL, err)
	}
	name, ok := pathname.Segment(path.Base(r.Path))
	if !ok || name == "" || r.Path == "/" {
		return "", exit.Errorf(exit.Usage, "the URL names no file; say -o FILE")
	}
	return name, nil
}

// save writes the content to where it shall go.
func (o *Options) save(ctx context.Context, r *paf.Response) (err error) {
	to, name := o.Stdout, "standard output"
	if o.Output != "" && o.Output != "-" {
		f, err := os.Create(o.Output)
		if err != nil {
			return exit.Errorf(exit.Write, "cannot write the content: %w", err)
		}
		defer func() {
			if cerr := f.Close(); err == nil && cerr != nil {
				err = exit.Errorf(exit.Write, "cannot write the content: %w", cerr)
			}
		}()
		to, name = f, o.Output
	}
	m := &meter{to: to, total: r.Length, begun: time.Now()}
	if !o.Silent && isTerminal(o.Stderr) && !isTerminal(to) {
		m.screen = o.Stderr
	}
	_, err = io.Copy(m, r.Body)
	m.end()
	switch {
	case err == nil:
		return nil
	case m.failed != nil:
		return exit.Errorf(exit.Write, "cannot write the content: %w", m.failed)
	case r.Length >= 0:
		return partial(ctx, err, "%d of %d bytes are in %s", m.done, r.Length, name)
	}
	return partial(ctx, err, "%d bytes are in %s, more were to come", m.done, name)
}

// barAfter is how long a transfer lasts before its progress is shown.
const barAfter = 500 * time.Millisecond

// A meter passes content on and shows the progress of what takes long.
type meter struct {
	to     io.Writer
	total  int64 // -1 if unknown
	done   int64
	begun  time.Time
	failed error     // of to
	screen io.Writer // nil for no bar
	bar    *progressbar.ProgressBar
}

func (m *meter) Write(p []byte) (int, error) {
	n, err := m.to.Write(p)
	m.done += int64(n)
	m.failed = err
	m.show(n)
	return n, err
}

func (m *meter) show(n int) {
	switch {
	case m.bar != nil:
		m.bar.Add(n)
	case m.screen != nil && time.Since(m.begun) > barAfter:
		m.bar = progressbar.NewOptions64(m.total,
			progressbar.OptionSetWriter(m.screen),
			progressbar.OptionShowBytes(true),
			progressbar.OptionShowCount(),
			progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionSetWidth(30),
			progressbar.OptionSetPredictTime(true),
		)
		m.bar.Add64(m.done)
	}
}

// end leaves the bar as it stands, on a line of its own.
func (m *meter) end() {
	if m.bar != nil {
		m.bar.Exit()
		io.WriteString(m.screen, "\n")
	}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
