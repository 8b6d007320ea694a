package h1

import (
	"bytes"
	"strings"

	"github.com/paf-go/paf/semantics"
)

// A section is a start line with field lines, or field lines alone, that is
// being looked for in the input. It remembers how far it has looked, so that a
// head that comes byte by byte is scanned once.
type section struct {
	scanned int  // bytes of the input that have been looked at, up to the end of a line
	seen    int  // bytes that have been searched for the end of the next one
	started bool // the first line has been checked
}

// scan looks for the empty line that ends the section, and returns the size of the
// section with it, 0 if it is not there yet. Line ends are checked as they come, so
// that a peer that never sends CRLF is told so at once.
//
// RFC 9112, Section 2.2: "a recipient MAY recognize a single LF as a line terminator"
// and "a bare CR […] MUST [be considered] invalid": this recipient does not, for
// others on the way might see other lines.
//
// A section of more than limit bytes breaks the rule tooLong.
func (s *section) scan(in []byte, limit int, tooLong rule) (size int, broken rule) {
	bounded := in[:min(len(in), limit)]
	if len(bounded) < s.seen {
		*s = section{} // less than was shown before, which no loop should do
	}
	for {
		i := bytes.IndexByte(bounded[s.seen:], '\n')
		if i < 0 && len(in) > limit {
			return 0, tooLong
		}
		if i < 0 {
			s.seen = len(bounded)
			return 0, ok
		}
		i += s.seen - s.scanned
		line := in[s.scanned : s.scanned+i]
		if len(line) == 0 || line[len(line)-1] != '\r' {
			return 0, ruleBareLF
		}
		line = line[:len(line)-1]
		if bytes.IndexByte(line, '\r') >= 0 {
			return 0, ruleBareCR
		}
		s.scanned += i + 1
		s.seen = s.scanned
		if len(line) == 0 {
			size = s.scanned
			*s = section{}
			return size, ok
		}
	}
}

// parseFields parses the field lines of text, which ends with an empty line. What they say
// is noted in f; nil means that they are a trailer section.
func parseFields(text string, limit int, f *facts) (semantics.Fields, rule, string) {
	list := make([]semantics.Field, 0, countLines(text))
	for text != crlf {
		i := strings.IndexByte(text, '\n')
		if len(list) == limit {
			return semantics.Fields{}, ruleFieldCount, ""
		}
		line, broken := parseField(text[:i-1])
		switch {
		case broken == ok && f != nil:
			f.see(&line)
		case broken == ok:
			broken = checkTrailer(&line)
		}
		if broken != ok {
			return semantics.Fields{}, broken, line.Name
		}
		list = append(list, line)
		text = text[i+1:]
	}
	return semantics.FieldsFrom(list), ok, ""
}

const crlf = "\r\n"

func countLines(text string) int { return min(strings.Count(text, "\n")-1, 256) }

// parseField parses
//
//	field-line = field-name ":" OWS field-value OWS
func parseField(line string) (f semantics.Field, broken rule) {
	if line[0] == ' ' || line[0] == '\t' {
		// RFC 9112, Section 5.2: "A server that receives an obs-fold in a request […] MUST
		// either reject the message by sending a 400 […] or replace". And 2.2, of white
		// space before the first line: "either reject the message as invalid or consume".
		return f, ruleFold
	}
	colon := strings.IndexByte(line, ':')
	if colon <= 0 {
		return f, ruleFieldName
	}
	f.Name = line[:colon]
	if last := line[colon-1]; last == ' ' || last == '\t' {
		// Section 5.1: "A server MUST reject, with a response status code of 400 […],
		// any received request message that contains whitespace between a header field
		// name and colon."
		return f, ruleSpaceBeforeColon
	}
	if !semantics.ValidName(f.Name) {
		return f, ruleFieldName
	}
	f.Value = semantics.TrimSpace(line[colon+1:])
	if !semantics.ValidValue(f.Value) {
		// RFC 9110, Section 5.5: "Field values containing CR, LF, or NUL characters are
		// invalid and dangerous".
		return f, ruleFieldValue
	}
	return f, ok
}
