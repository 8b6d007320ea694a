package record

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// How a run's file says what it is.
const (
	format  = "paf load run"
	version = 1
)

// maxCount is the largest number of anything in a file: jq and others read numbers as float64, which hold no larger ones to the unit.
const maxCount = 1 << 53

// maxLength is the longest run: a year.
const maxLength = 366 * 24 * time.Hour

// ErrNotARun is what [Read] fails with when a file is something else.
var ErrNotARun = errors.New("not a run of paf load, as --json writes it")

// A file is a run as it is written.
type file struct {
	Format  string `json:"format"`
	Version int    `json:"version"`
	figures
	*Run
}

// figures are what follows from the rest of a file, for those who read it with jq. They are not read back.
type figures struct {
	Requests          int64   `json:"requests"` // that were answered, or failed
	FailedShare       float64 `json:"failed_share"`
	RequestsPerSecond float64 `json:"requests_per_second"`
}

// Write writes the run as JSON; [Read] reads it.
func (r *Run) Write(w io.Writer) error {
	text, err := json.MarshalIndent(file{format, version, figures{r.Answered() + r.FailedCount(), r.FailedShare(), r.Rate()}, r}, "", " ")
	if err != nil {
		return err
	}
	_, err = w.Write(append(visible(text), '\n'))
	return err
}

// visible returns JSON in which what a terminal may take for a command, or that changes how other characters are shown, is escaped: servers have a hand in some of its
// texts, and standard output may be a terminal.
func visible(text []byte) []byte {
	hidden := func(c rune) bool { return c != '\n' && !unicode.IsPrint(c) }
	if bytes.IndexFunc(text, hidden) < 0 {
		return text
	}
	all := make([]byte, 0, len(text)+64)
	for _, c := range string(text) {
		switch {
		case !hidden(c):
			all = utf8.AppendRune(all, c)
		case c > 0xffff:
			high, low := utf16.EncodeRune(c)
			all = fmt.Appendf(all, `\u%04x\u%04x`, high, low)
		default:
			all = fmt.Appendf(all, `\u%04x`, c)
		}
	}
	return all
}

// ReadFile reads the run in a file, as [Read] does.
func ReadFile(name string) (*Run, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	run, err := Read(bufio.NewReader(f))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	run.name = name
	return run, nil
}

// Read reads what [Run.Write] has written. Its error says what is wrong with the file: that it is no run at all (errors.Is ErrNotARun), that
// a newer program has written it, or which of its figures cannot be.
func Read(in io.Reader) (*Run, error) {
	d := json.NewDecoder(in)
	var text json.RawMessage
	if err := d.Decode(&text); err != nil {
		return nil, unlikeJSON(err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("%w: there is more after its end, at byte %d", ErrNotARun, d.InputOffset())
	}
	var head struct {
		Format  string `json:"format"`
		Version int    `json:"version"`
	}
	if err := json.Unmarshal(text, &head); err != nil || head.Format != format {
		return nil, fmt.Errorf("%w: it is JSON, but its \"format\" is not %q", ErrNotARun, format)
	}
	if head.Version != version {
		return nil, fmt.Errorf("the file has version %d of the format, this paf reads version %d: use the paf that wrote it, or a newer one", head.Version, version)
	}
	run := &Run{Statuses: map[int]int64{}, Failures: map[string]*Failure{}}
	if err := json.Unmarshal(text, run); err != nil {
		return nil, fmt.Errorf("the run cannot be used: %w", err)
	}
	if err := run.check(); err != nil {
		return nil, fmt.Errorf("the run cannot be used: %w", err)
	}
	return run, nil
}

// unlikeJSON says why a file is none, and passes on why it could not be read.
func unlikeJSON(err error) error {
	var syntax *json.SyntaxError
	switch {
	case err == io.EOF:
		return fmt.Errorf("%w: it is empty", ErrNotARun)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%w: it breaks off", ErrNotARun)
	case errors.As(err, &syntax):
		return fmt.Errorf("%w: %w at byte %d", ErrNotARun, err, syntax.Offset)
	}
	return err
}

// check finds what would make the figures wrong that are made of a run.
func (r *Run) check() error {
	for _, h := range r.histograms() {
		if *h.of == nil {
			return fmt.Errorf("%q is missing", h.name)
		}
		if n := (*h.of).counts.SignificantFigures(); n != digits {
			return fmt.Errorf("%q has %d significant digits, not %d", h.name, n, digits)
		}
		if n := (*h.of).Count(); n > maxCount {
			return fmt.Errorf("%q has %d times, more than %d", h.name, n, int64(maxCount))
		}
	}
	for status, n := range r.Statuses {
		if status < 100 || status > 999 || n < 1 || n > maxCount {
			return fmt.Errorf("\"statuses\" has %d for the status %d", n, status)
		}
	}
	switch {
	case r.Length < 0 || r.Length > maxLength:
		return fmt.Errorf("\"length_ns\" is %d: a run is a year long at most", r.Length)
	case r.Start.Year() < 1970 || r.Start.Year() > 9999:
		return fmt.Errorf("\"start\" is %s", r.Start)
	case r.Processes < 1 || int64(r.Processes) > maxCount:
		return fmt.Errorf("\"processes\" is %d", r.Processes)
	case r.Unopened < 0 || int64(r.Unopened) > maxCount || r.Late < 0:
		return fmt.Errorf("\"unopened\" is %d and \"late_ns\" %d", r.Unopened, r.Late)
	case r.Unfinished < 0 || r.Unfinished > maxCount:
		return fmt.Errorf("\"unfinished\" is %d", r.Unfinished)
	case r.Resumed < 0 || r.Resumed > r.Handshake.Count():
		return fmt.Errorf("\"resumed\" is %d, of %d handshakes", r.Resumed, r.Handshake.Count())
	case r.Refused != nil && (r.Refused.Status < 400 || r.Statuses[r.Refused.Status] == 0):
		return fmt.Errorf("\"refused\" has the status %d, which \"statuses\" has not", r.Refused.Status)
	case r.Refused != nil && len(r.Refused.Content) > 3*MaxContent: // a byte that is no text has become three
		return fmt.Errorf("\"refused\" has %d bytes of content, more than %d", len(r.Refused.Content), 3*MaxContent)
	case r.BytesIn < 0 || r.BytesOut < 0:
		return fmt.Errorf("\"bytes_in\" is %d and \"bytes_out\" %d", r.BytesIn, r.BytesOut)
	}
	if err := r.Settings.check(); err != nil {
		return err
	}
	if err := r.checkFailures(); err != nil {
		return err
	}
	if err := r.checkParts(); err != nil {
		return err
	}
	return r.checkSeconds()
}

func (s *Settings) check() error {
	switch {
	case s.Connections < 0 || int64(s.Connections) > maxCount:
		return fmt.Errorf("\"connections\" is %d", s.Connections)
	case s.Streams < 0 || int64(s.Streams) > maxCount:
		return fmt.Errorf("\"streams\" is %d", s.Streams)
	case s.Requests < 0 || s.Requests > maxCount:
		return fmt.Errorf("\"requests\" is %d", s.Requests)
	case s.Duration < 0:
		return fmt.Errorf("\"duration_ns\" is %d", s.Duration)
	case !(s.Rate >= 0 && s.Rate <= maxCount):
		return fmt.Errorf("\"rate\" is %g", s.Rate)
	}
	return nil
}

func (r *Run) checkFailures() error {
	var sum int64
	for kind, f := range r.Failures {
		if f == nil || f.Count < 1 || f.Count > maxCount {
			return fmt.Errorf("\"failures\" has no count for %q", kind)
		}
		sum = plus(sum, f.Count)
	}
	if sum != r.FailedCount() {
		return fmt.Errorf("\"failures\" are %d by their kinds, \"failed\" has %d", sum, r.FailedCount())
	}
	return nil
}

func (r *Run) checkParts() error {
	var answered, failed int64
	for i, p := range r.Parts {
		switch {
		case p.Length < 0 || p.Start.Before(r.Start) || p.End().After(r.End()):
			return fmt.Errorf("\"parts\"[%d] is out of the run", i)
		case p.Answered < 0 || p.Failed < 0 || p.Sum < 0:
			return fmt.Errorf("\"parts\"[%d] has a figure below zero", i)
		}
		answered, failed = plus(answered, p.Answered), plus(failed, p.Failed)
	}
	if n := len(r.Parts); n > 0 && (n > r.Processes || answered != r.Answered() || failed != r.FailedCount()) {
		return fmt.Errorf("the %d parts have %d answered and %d failed requests; the run has %d and %d, of %d processes",
			n, answered, failed, r.Answered(), r.FailedCount(), r.Processes)
	}
	return nil
}

// checkSeconds sees to it that the seconds are in order, lie about the run, and add up to it.
func (r *Run) checkSeconds() error {
	var answered, failed, in, out int64
	last := r.Start.Unix() - 1
	for i := range r.Seconds {
		s := &r.Seconds[i]
		switch {
		case s.Latency == nil || s.Latency.counts.SignificantFigures() != digitsPerSecond:
			return fmt.Errorf("\"seconds\"[%d] has no histogram of %d digits", i, digitsPerSecond)
		case s.Unix <= last || s.Unix > r.End().Unix()+1:
			return fmt.Errorf("\"seconds\"[%d] is %d, out of order or out of the run", i, s.Unix)
		case s.Answered != s.Latency.Count():
			return fmt.Errorf("\"seconds\"[%d] has %d answered requests, and %d latencies", i, s.Answered, s.Latency.Count())
		case s.Failed < 0 || s.BytesIn < 0 || s.BytesOut < 0 || s.Busy < 0:
			return fmt.Errorf("\"seconds\"[%d] has a figure below zero", i)
		case s.silent():
			return fmt.Errorf("\"seconds\"[%d] has seen nothing: such a second is left out", i)
		}
		last = s.Unix
		answered, failed, in, out = plus(answered, s.Answered), plus(failed, s.Failed), plus(in, s.BytesIn), plus(out, s.BytesOut)
	}
	if answered != r.Answered() || failed != r.FailedCount() || in != r.BytesIn || out != r.BytesOut {
		return fmt.Errorf("the seconds have %d answered and %d failed requests, %d bytes in and %d out; the run has %d and %d, %d and %d",
			answered, failed, in, out, r.Answered(), r.FailedCount(), r.BytesIn, r.BytesOut)
	}
	return nil
}

// A named is one of a run's histograms with its name in the file.
type named struct {
	name string
	of   **Histogram
}

func (r *Run) histograms() []named {
	return []named{
		{"latency", &r.Latency}, {"service", &r.Service}, {"first_byte", &r.FirstByte}, {"failed", &r.Failed}, {"connect", &r.Connect},
		{"handshake", &r.Handshake},
	}
}
