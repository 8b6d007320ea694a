package script

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// A File is a script file.
type File struct {
	Name  string
	Cases []*Case
	parts []part // the file in order: text, and cases
}

// A part of a file is text that is kept as it is, or a case.
type part struct {
	text string
	c    *Case
}

// A Case is one connection.
type Case struct {
	Name  string
	Role  string // "server" or "client"
	Setup string // the limits, as they are written
	Steps []Step

	notation func() Notation
	reading  Notation
}

// A Notation is how bytes are written in a script. One is made for each reading or writing of a
// connection, for what bytes mean may depend on those before them.
type Notation interface {
	// Read returns the bytes that a line stands for.
	Read(line string) ([]byte, error)

	// Write returns the lines for bytes that the engine has sent.
	Write(wire []byte) []string
}

// Text is the notation of protocols that are text: bytes stand as in a Go string, a line of output
// ends with its \n.
func Text() Notation { return text{} }

type text struct{}

func (text) Read(line string) ([]byte, error) {
	s, err := Unescape(line)
	return []byte(s), err
}

func (text) Write(wire []byte) (lines []string) {
	for _, line := range bytes.SplitAfter(wire, []byte("\n")) {
		if len(line) > 0 {
			lines = append(lines, Escape(line))
		}
	}
	return lines
}

// A Step is what is done, and what came of it.
type Step struct {
	Line    int
	Input   []byte   // what arrives; nil for a command
	Command string   // without "! "
	Want    []string // outcomes, with their "= " or "< "
	source  []string // the lines of the step itself
}

const fence = "```"

// Parse reads a file whose bytes are written in a notation.
func Parse(name, text string, notation func() Notation) (*File, error) {
	f := &File{Name: name}
	var plain strings.Builder
	var c *Case
	title := ""
	for i, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		switch {
		case c == nil && line == fence:
			f.parts = append(f.parts, part{text: plain.String()})
			plain.Reset()
			c = &Case{Name: title, notation: notation, reading: notation()}
		case c != nil && line == fence:
			f.parts = append(f.parts, part{c: c})
			f.Cases = append(f.Cases, c)
			c = nil
		case c != nil:
			if err := c.parseLine(i+1, line); err != nil {
				return nil, fmt.Errorf("%s:%d: %w", name, i+1, err)
			}
		default:
			if rest, ok := strings.CutPrefix(line, "## "); ok {
				title = rest
			}
			plain.WriteString(line + "\n")
		}
	}
	if c != nil {
		return nil, fmt.Errorf("%s: a case is not closed", name)
	}
	f.parts = append(f.parts, part{text: plain.String()})
	return f, nil
}

func (c *Case) parseLine(n int, line string) error {
	if c.Role == "" {
		c.Role, c.Setup, _ = strings.Cut(line, " ")
		if c.Role != "server" && c.Role != "client" {
			return fmt.Errorf("a case begins with server or client")
		}
		return nil
	}
	mark, rest, _ := strings.Cut(line, " ")
	switch mark {
	case ">":
		in, err := c.reading.Read(rest)
		if err != nil {
			return err
		}
		if k := len(c.Steps) - 1; k >= 0 && c.Steps[k].Input != nil && c.Steps[k].Want == nil {
			c.Steps[k].Input = append(c.Steps[k].Input, in...)
			c.Steps[k].source = append(c.Steps[k].source, line)
			return nil
		}
		c.Steps = append(c.Steps, Step{Line: n, Input: append([]byte{}, in...), source: []string{line}})
	case "!":
		s := Step{Line: n, Command: rest, source: []string{line}}
		if arg, ok := strings.CutPrefix(rest, "flood "); ok {
			count, text, _ := strings.Cut(arg, " ")
			k, err := strconv.Atoi(count)
			if err != nil {
				return err
			}
			in, err := c.reading.Read(text)
			if err != nil {
				return err
			}
			s.Input = bytes.Repeat(in, k)
		}
		c.Steps = append(c.Steps, s)
	case "=", "<":
		if len(c.Steps) == 0 {
			return fmt.Errorf("an outcome before any step")
		}
		k := len(c.Steps) - 1
		c.Steps[k].Want = append(c.Steps[k].Want, line)
	default:
		return fmt.Errorf("%q begins with none of > ! = <", line)
	}
	return nil
}

// Format returns the file with the outcomes that its cases have now.
func (f *File) Format() string {
	var b strings.Builder
	for _, p := range f.parts {
		if p.c == nil {
			b.WriteString(p.text)
			continue
		}
		b.WriteString(fence + "\n" + strings.TrimSpace(p.c.Role+" "+p.c.Setup) + "\n")
		for _, s := range p.c.Steps {
			for _, line := range append(append([]string{}, s.source...), s.Want...) {
				b.WriteString(line + "\n")
			}
		}
		b.WriteString(fence + "\n")
	}
	return b.String()
}

// Input returns all bytes that the peer sends in a case.
func (c *Case) Input() []byte {
	var in []byte
	for _, s := range c.Steps {
		in = append(in, s.Input...)
	}
	return in
}

// Unescape reads bytes as they are written in a script.
func Unescape(s string) (string, error) {
	return strconv.Unquote(`"` + strings.ReplaceAll(s, `"`, `\"`) + `"`)
}

// Escape writes bytes as they stand in a script.
func Escape(b []byte) string {
	s := strconv.QuoteToASCII(string(b))
	return strings.ReplaceAll(s[1:len(s)-1], `\"`, `"`)
}
