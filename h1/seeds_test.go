package h1_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// upstream maps each test of http/af's and ocaml-h1's own suites to what tests the same topic
// here: "file.md: case" is a script in testdata, "folder: TestName" a test. Where the originals
// were lenient and this engine is strict, the case shows our verdict.
var upstream = map[string][]string{
	"version: compare":                             {"../semantics: TestVersionCompareToString"},
	"version: to_string":                           {"../semantics: TestVersionCompareToString"},
	"method: is_safe":                              {"../semantics: TestMethodIsSafeIsCacheableIsIdempotent"},
	"method: is_cacheable":                         {"../semantics: TestMethodIsSafeIsCacheableIsIdempotent"},
	"method: is_idempotent":                        {"../semantics: TestMethodIsSafeIsCacheableIsIdempotent"},
	"iovec: lengthv, shiftv, shiftv raises":        {"../engine: TestOutputKeepsTheOrderOfBytesAndSegments"}, // slices of output are engine.Output's
	"headers: remove":                              {"../semantics: TestHeadersRemove"},
	"headers: replace":                             {"../semantics: TestHeadersReplace"},
	"headers: CI equal":                            {"../semantics: TestHeadersCIEqual"},
	"request: parse valid":                         {"request-line.md: Every method is taken, known or not", "targets.md: The origin form is a path with a query"},
	"request: parse invalid errors":                {"request-line.md: A request line has three parts", "fields.md: White space before the colon is refused"},
	"request: body length: none":                   {"framing-requests.md: Neither length nor coding means no content"},
	"request: body length: fixed":                  {"framing-requests.md: Content-Length counts bytes"},
	"request: body length: negative":               {"framing-requests.md: A negative Content-Length is refused"},
	"request: body length: two different":          {"framing-requests.md: Two different lengths are refused"},
	"request: body length: chunked":                {"framing-requests.md: chunked alone is the coding that is known"},
	"request: body length: chunked twice":          {"framing-requests.md: chunked twice is refused"},
	"request: body length: gzip":                   {"framing-requests.md: gzip alone is answered 501"},
	"request: body length: gzip then chunked":      {"framing-requests.md: gzip and then chunked in two lines is refused"},
	"request: body length: chunked then gzip":      {"framing-requests.md: chunked and then gzip is refused"},
	"request: body length: CHUNKED":                {"framing-requests.md: CHUNKED is chunked"},
	"response: parse valid":                        {"client.md: GET has no content and its answer is read"},
	"response: parse invalid error":                {"client.md: A status is not empty", "client.md: A status has not four digits"},
	"response: body length: HEAD":                  {"client.md: HEAD is answered without content"},
	"response: body length: 204":                   {"client.md: 204 has no content whatever it says"},
	"response: body length: 304":                   {"client.md: 304 has no content whatever it says"},
	"response: body length: 1xx":                   {"client.md: Interim responses come before the final one"},
	"response: body length: 2xx to CONNECT":        {"client.md: 2xx to CONNECT switches"},
	"response: body length: chunked":               {"../conformance: FuzzResponsesAsNetHTTPReadsThem", "client.md: EOF inside chunks is a truncated response"},
	"response: body length: other coding":          {"client.md: A coding that is not known in a response is refused"},
	"response: body length: none":                  {"client.md: A response without a length ends with the connection"},
	"response: body length: bad":                   {"client.md: A bad length in a response is refused"},
	"client: GET":                                  {"client.md: GET has no content and its answer is read"},
	"client: send streaming body":                  {"client.md: Content of unknown length is chunked"},
	"client: Response EOF":                         {"client.md: EOF instead of a response is told apart", "client.md: EOF inside content is a truncated response"},
	"client: Response header order preserved":      {"client.md: Order and case of a response's fields are kept"},
	"client: report_exn":                           {"client.md: Reset ends the connection", "..: TestClientReportsItsOwnReadersError"},
	"client: input_shrunk":                         {": TestScripts"}, // each script is cut at every byte
	"client: failed response parse":                {"client.md: A status is a number"},
	"client: schedule read with data available":    {"..: TestClientNoticesATruncatedBody"},
	"server: initial reader state":                 {"persistence.md: EOF before any byte closes it"},
	"server: shutdown reader closed":               {"persistence.md: Shutdown closes an idle connection"},
	"server: single GET":                           {"persistence.md: 1.1 persists"},
	"server: multiple GETs":                        {"persistence.md: 1.1 persists"},
	"server: asynchronous response":                {"..: TestServerKeepsHalfClosedConnectionForTheResponse"},
	"server: echo POST":                            {"..: TestServerAnswersNetHTTPClient"},
	"server: streaming response":                   {"persistence.md: A response of unknown length is chunked in 1.1"},
	"server: asynchronous streaming response":      {"..: TestServerStreamsWhenFlushed"},
	"server: … immediate flush":                    {"..: TestServerStreamsWhenFlushed"},
	"server: empty fixed streaming response":       {"responses.md: An empty response of known length"},
	"server: empty chunked streaming response":     {"responses.md: An empty chunked response"},
	"server: chunked encoding":                     {"persistence.md: A response of unknown length is chunked in 1.1"},
	"server: chunked encoding for error":           {"faults.md: An answer to what could not be read ends with the connection"},
	"server: blocked write on chunked encoding":    {"../paftest: TestDeadlinesOfOneExchange", "..: TestWriteTimeoutCutsAPeerThatDoesNotRead"},
	"server: response finished before body read":   {"persistence.md: Unread content does not end the connection as such"},
	"server: schedule read with data available":    {"pipelining.md: Content stays with its request"},
	"server: body writing when socket closes":      {"../loop: TestFaultAtEveryOffsetEndsTheConnectionOnce"},
	"server: connection error":                     {"../loop: TestFaultAtEveryOffsetEndsTheConnectionOnce"},
	"server: (a)synchronous error, handling":       {"..: TestPanicCostsOneExchange", "..: TestPanicAfterTheHeadCutsTheResponseOff"},
	"server: error while parsing":                  {"faults.md: A fault is answered once and the connection closes"},
	"server: error before read":                    {"persistence.md: Reset ends the connection inside the message"},
	"server: error left unhandled":                 {"times.md: A second head has its time from its first byte on"}, // the loop ends what a handler leaves open
	"server: writer unexpected eof":                {"../loop: TestFaultAtEveryOffsetEndsTheConnectionOnce"},
	"server: input shrunk":                         {": TestScripts"},
	"server: failed request parse":                 {"faults.md: A fault is answered once and the connection closes"},
	"server: bad request":                          {"framing-requests.md: A negative Content-Length is refused"},
	"server: parse failure after checkpoint":       {"fields.md: White space before the colon is refused"},
	"server: parse failure at eof":                 {"persistence.md: EOF inside a head is a fault that can be answered"},
	"server: multiple requests in single read":     {"pipelining.md: Several requests in one read come one after another"},
	"server: multiple async requests":              {"..: TestServerAnswersPipelinedRequestsInOrder"},
	"server: multiple requests, connection close":  {"pipelining.md: After close the rest is dropped"},
	"server: multiple requests with eof":           {"pipelining.md: Requests with EOF behind them are all answered"},
	"server: shutdown in request handler":          {"persistence.md: Shutdown finishes the exchange and says close"},
	"server: shutdown during asynchronous request": {"persistence.md: Shutdown between head and end closes after the end"},
	"server: flush response before shutdown":       {"..: TestServeReturnsNilAndFinishesWhatIsInFlight"},
	"upgrade: upgrade":                             {"upgrade.md: 101 switches, and what follows belongs to the new protocol"},
	"upgrade: where server does not upgrade":       {"upgrade.md: A request to switch may be declined"},
	"upgrade: with initial data":                   {"upgrade.md: 101 switches, and what follows belongs to the new protocol"},
	"upgrade: with bad body length":                {"upgrade.md: An upgrade with a bad length is refused"},
	"upgrade: asynchronous upgrade":                {"upgrade.md: 101 waits for the request's content"},
	"upgrade: interrupted by shutdown":             {"upgrade.md: Shutdown before the answer declines"},
}

// TestEveryTopicOfTheOriginalsIsTested checks that what the table names is there.
func TestEveryTopicOfTheOriginalsIsTested(t *testing.T) {
	for topic, tests := range upstream {
		for _, test := range tests {
			place, name, _ := strings.Cut(test, ": ")
			if !exists(t, place, name) {
				t.Errorf("%s: there is no %q", topic, test)
			}
		}
	}
}

func exists(t *testing.T, place, name string) bool {
	if strings.HasSuffix(place, ".md") {
		text, err := os.ReadFile(filepath.Join("testdata", place))
		return err == nil && strings.Contains(string(text), "\n## "+name+"\n")
	}
	files, err := filepath.Glob(filepath.Join(place, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err == nil && strings.Contains(string(text), "\nfunc "+name+"(") {
			return true
		}
	}
	return false
}
