package conformance

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// explained says of each row that warns why it does.
var explained = map[string]string{
	"COMP-UPGRADE-INVALID-VER": "the demo application speaks no WebSocket: RFC 9110, 7.8: \"A server MAY ignore a received Upgrade header field\"",
	"MAL-CL-TAB-BEFORE-VALUE":  "a tab is optional white space before a value: RFC 9110, 5.6.3 and 9112, 5: field-line = field-name \":\" OWS field-value OWS",
	"SMUG-CL-EXTRA-LEADING-SP": "two spaces are optional white space before a value: RFC 9112, 5: field-line = field-name \":\" OWS field-value OWS",
	"SMUG-CL-TRAILING-SPACE":   "a space is optional white space after a value, which RFC 9112, 5.1 excludes from it: \"OWS occurring before the first non-whitespace octet […] or after the last\"",
}

// A probe is a row of http11probe.tsv.
type probe struct {
	id, kind, verdicts, rule string
	scored                   bool
	steps                    []string
}

// A reaction is what a server did upon one step.
type reaction struct {
	sent   bool // the connection was still open for the step
	raw    []byte
	status int // 0: no response
	head   http.Header
	body   string
	state  string // of the connection afterwards: open, closed, timeout (open, and no response)
}

// TestHTTP11Probe sends each row to a running server and compares with the row's verdicts: no
// scored row may fail, and what warns is explained above.
func TestHTTP11Probe(t *testing.T) {
	rows := readProbes(t, vectors(t, "http11probe.tsv"))
	p := serve(t, "--alpn", "http/1.1") // else the preface of HTTP/2 is one
	results := make([]string, len(rows))
	details := make([]string, len(rows))
	var all sync.WaitGroup
	limit := make(chan struct{}, 16)
	for i, row := range rows {
		all.Go(func() {
			limit <- struct{}{}
			defer func() { <-limit }()
			got := send(t, p.addr, row)
			results[i], details[i] = judge(row, got), describe(got)
		})
	}
	all.Wait()
	counts := map[string]int{}
	var warned []string
	for i, row := range rows {
		if !row.scored {
			continue
		}
		counts[results[i]]++
		switch {
		case results[i] == "Warn":
			warned = append(warned, row.id)
			if explained[row.id] == "" {
				t.Errorf("%s warns and is not explained: %s", row.id, details[i])
			}
		case results[i] != "Pass":
			t.Errorf("%s: %s: %q gave %s", row.id, results[i], row.steps, details[i])
		case explained[row.id] != "":
			t.Errorf("%s passes: its explanation is out of date", row.id)
		}
	}
	sort.Strings(warned)
	for _, id := range warned {
		t.Logf("Warn %-32s %s", id, explained[id])
	}
	t.Logf("of %d scored rows: %d Pass, %d Warn, %d Fail", counts["Pass"]+counts["Warn"]+counts["Fail"], counts["Pass"], counts["Warn"], counts["Fail"])
}

func readProbes(t *testing.T, path string) (rows []probe) {
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	for _, line := range lines[1:] {
		f := strings.Split(line, "\t")
		row := probe{id: f[0], scored: f[4] == "yes", kind: f[5], verdicts: f[11], rule: f[12]}
		steps := []string{f[9]}
		if row.kind == "sequence" {
			steps = strings.Split(f[9], " || ")
		}
		for _, s := range steps {
			if row.kind == "sequence" {
				s = label.ReplaceAllString(s, "")
			}
			row.steps = append(row.steps, unescape(t, s))
		}
		rows = append(rows, row)
	}
	if len(rows) < 200 {
		t.Fatalf("%d rows only", len(rows))
	}
	return rows
}

var (
	label = regexp.MustCompile(`^\[[^\]]*\] `)
)

var (
	repeated = regexp.MustCompile(`<<(.)\*(\d+)>>`)
	counted  = regexp.MustCompile(`<<(?:join "([^"]*)" )?(?:for i in 0\.\.(\d+)|(\d+) times): (.*?)>>`)
)

// unescape undoes the notation of the request column: escapes, <<A*200>> for 200 times
// A, <<for i in 0..9: X-{i}: v\r\n>> and the same joined by something.
func unescape(t *testing.T, s string) string {
	s = repeated.ReplaceAllStringFunc(s, func(m string) string {
		parts := repeated.FindStringSubmatch(m)
		n, _ := strconv.Atoi(parts[2])
		return strings.Repeat(parts[1], n)
	})
	s = counted.ReplaceAllStringFunc(s, func(m string) string {
		parts := counted.FindStringSubmatch(m)
		last, _ := strconv.Atoi(parts[2])
		times, _ := strconv.Atoi(parts[3])
		var all []string
		for i := range max(last+1, times) {
			all = append(all, strings.ReplaceAll(parts[4], "{i}", strconv.Itoa(i)))
		}
		return strings.Join(all, parts[1])
	})
	if strings.Contains(s, "<<for") || strings.Contains(s, "<<join") {
		t.Fatalf("a notation that is not known to this test: %q", s)
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		switch s[i] {
		case 'r':
			b.WriteByte('\r')
		case 'n':
			b.WriteByte('\n')
		case 't':
			b.WriteByte('\t')
		case '\\':
			b.WriteByte('\\')
		case 'x':
			n, err := strconv.ParseUint(s[i+1:i+3], 16, 8)
			if err != nil {
				t.Fatalf("%q: %v", s, err)
			}
			b.WriteByte(byte(n))
			i += 2
		default:
			b.WriteByte('\\')
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// send sends the steps of a row on one connection.
func send(t *testing.T, addr string, row probe) (got []reaction) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Error(err)
		return nil
	}
	defer c.Close()
	open := true
	for _, step := range row.steps {
		r := reaction{sent: open}
		if open {
			_, err := io.WriteString(c, step)
			r.read(c, strings.HasPrefix(step, "HEAD"))
			open = err == nil && r.state != "closed"
		}
		got = append(got, r)
	}
	return got
}

// read reads until the server closes or has nothing more to say.
func (r *reaction) read(c net.Conn, head bool) {
	buf := make([]byte, 64<<10)
	r.state = "open"
	for {
		wait := 700 * time.Millisecond
		if len(r.raw) > 0 {
			wait = 250 * time.Millisecond
		}
		_ = c.SetReadDeadline(time.Now().Add(wait))
		n, err := c.Read(buf)
		r.raw = append(r.raw, buf[:n]...)
		if err == nil {
			continue
		}
		if e, ok := err.(net.Error); !ok || !e.Timeout() {
			r.state = "closed"
		} else if len(r.raw) == 0 {
			r.state = "timeout"
		}
		break
	}
	method := "GET"
	if head {
		method = "HEAD"
	}
	resp, err := http.ReadResponse(bufioReader(r.raw), &http.Request{Method: method})
	if err != nil {
		return
	}
	body, _ := io.ReadAll(resp.Body)
	r.status, r.head, r.body = resp.StatusCode, resp.Header, string(body)
}

func describe(got []reaction) string {
	var s []string
	for _, r := range got {
		raw := r.raw
		if len(raw) > 300 {
			raw = raw[:300]
		}
		s = append(s, fmt.Sprintf("[sent %t, status %d, %s: %q]", r.sent, r.status, r.state, raw))
	}
	return strings.Join(s, " ")
}

// judge applies the row's rule, or its verdicts.
func judge(row probe, got []reaction) string {
	if len(got) == 0 {
		return "Error"
	}
	if row.rule != "" {
		return byRule(row, got)
	}
	return byVerdicts(row.verdicts, got[0])
}

// byVerdicts looks a reaction up in a list such as "none+closed=Pass; 2xx=Fail; 400=Pass".
func byVerdicts(verdicts string, r reaction) string {
	table := map[string]string{}
	for _, v := range strings.Split(verdicts, ";") {
		key, value, _ := strings.Cut(strings.TrimSpace(v), "=")
		table[key] = value
	}
	keys := []string{"none+" + r.state}
	if r.status != 0 {
		keys = []string{strconv.Itoa(r.status), fmt.Sprintf("%dxx", r.status/100)}
	}
	for _, key := range keys {
		if v, ok := table[key]; ok {
			return v
		}
	}
	return "no verdict for " + strings.Join(keys, ", ")
}

// byRule applies the predicates of the column "rule".
func byRule(row probe, got []reaction) string {
	r := got[0]
	success := r.status/100 == 2
	closed := r.state == "closed"
	switch {
	case strings.HasPrefix(row.rule, "2xx AND body"):
		want := row.rule[strings.Index(row.rule, "== '")+4:]
		want = want[:strings.Index(want, "'")]
		return verdict(success && strings.TrimRight(r.body, "\r\n") == want)
	case row.id == "COMP-CHUNKED-EXTENSION":
		if r.status == 400 {
			return "Warn"
		}
		return verdict(success && r.body == "hello")
	case row.id == "COMP-CONNECTION-CLOSE":
		return verdict(success && closed)
	case row.id == "COMP-HTTP10-DEFAULT-CLOSE":
		if success && !closed {
			return "Warn"
		}
		return verdict(success)
	case row.id == "COMP-HEAD-NO-BODY":
		_, after, _ := bytes.Cut(r.raw, []byte("\r\n\r\n"))
		return verdict(success && len(after) == 0)
	case row.id == "COMP-405-ALLOW":
		return or(r.status == 405, verdict(r.head.Get("Allow") != ""), "Warn")
	case row.id == "COMP-DATE-HEADER":
		return verdict(success && r.head.Get("Date") != "")
	case row.id == "COMP-NO-CL-IN-204":
		return or(r.status == 204, verdict(r.head.Get("Content-Length") == ""), "Warn")
	case row.id == "COMP-OPTIONS-ALLOW":
		return or(success, or(r.head.Get("Allow") != "", "Pass", "Warn"), "Fail")
	case row.id == "COMP-CONTENT-TYPE":
		return or(success, or(r.head.Get("Content-Type") != "", "Pass", "Warn"), "Fail")
	case row.id == "SMUG-TE-TRAILING-SPACE", row.id == "SMUG-TE-OBS-FOLD":
		if r.status == 400 || r.status == 501 && row.id == "SMUG-TE-TRAILING-SPACE" || r.status == 0 && closed {
			return "Pass"
		}
		return or(success && closed, "Warn", "Fail")
	case row.id == "SMUG-CLTE-PIPELINE", row.id == "SMUG-TECL-PIPELINE":
		return or(r.status == 400 || closed, "Pass", or(success, "Warn", "Fail"))
	case strings.HasPrefix(row.id, "NORM-"):
		return normalized(row, r)
	case strings.Contains(row.rule, "CountHttpStatusLines"):
		if bytes.Count(r.raw, []byte("HTTP/1.")) >= 2 {
			return "Fail"
		}
		return verdict(r.status == 400 || closed)
	case row.kind == "sequence" && len(got) == 2:
		if r.status == 400 || closed {
			return "Pass"
		}
		return verdict(success && !got[1].sent)
	}
	return or(row.scored, "the rule is not known to this test", "not judged")
}

// normalized judges what /echo says of a field that a careless server would take for another one.
func normalized(row probe, r reaction) string {
	if r.status/100 != 2 {
		return byVerdicts(row.verdicts, r)
	}
	name, as, value := "Content_Length", "Content-Length", "99"
	switch row.id {
	case "NORM-TAB-IN-NAME":
		name = "Content\tLength"
	case "NORM-UNDERSCORE-TE":
		name, as, value = "Transfer_Encoding", "Transfer-Encoding", "chunked"
	case "NORM-UNDERSCORE-CL":
	default:
		return or(row.scored, "the rule is not known to this test", "not judged")
	}
	switch {
	case strings.Contains(r.body, as+": "+value):
		return "Fail"
	case strings.Contains(r.body, name+": "+value):
		return "Warn"
	}
	return "Pass"
}

func verdict(pass bool) string { return or(pass, "Pass", "Fail") }

func or(cond bool, yes, no string) string {
	if cond {
		return yes
	}
	return no
}

func bufioReader(p []byte) *bufio.Reader { return bufio.NewReader(bytes.NewReader(p)) }

// readResponse reads a response to GET and returns its content.
func readResponse(t *testing.T, in *bufio.Reader) []byte {
	t.Helper()
	resp, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return body
}
