package conformance

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	xnet "golang.org/x/net/http2/hpack"

	"github.com/paf-go/paf/hpack"
)

// hpackTable is the size of the tables here: small, so that entries have to go.
const hpackTable = 200

// blockDifferences are the ways in which golang.org/x/net may judge a field block otherwise.
var blockDifferences = []struct {
	why  string
	paf  error  // paf's error, if it is the one that refuses
	xnet string // in x/net's error, if it is
}{
	{
		why: "x/net takes integers of up to 63 bits; RFC 7541, 5.1 leaves the limit open, and nothing that is counted has more than 32",
		paf: hpack.IntegerTooLong,
	},
	{
		why: "x/net takes a change of the table's size behind a field if its table is empty; RFC 7541, 4.2 has it at the beginning of a block",
		paf: hpack.UpdateLate,
	},
	{
		why: "x/net takes any number of changes of the table's size while its table is empty; RFC 7541, 4.2 has two at most",
		paf: hpack.UpdateRepeated,
	},
	{
		why:  "x/net refuses the second change of the table's size if its table is not empty; RFC 7541, 4.2 has an encoder write the smallest and the final one",
		xnet: "dynamic table size update MUST occur",
	},
}

// A blockReader reads blocks with both decoders.
type blockReader struct {
	paf  *hpack.Decoder
	xnet *xnet.Decoder
}

func newBlockReader() *blockReader {
	r := &blockReader{hpack.NewDecoder(hpackTable), xnet.NewDecoder(hpackTable, nil)}
	r.paf.SetLimits(math.MaxUint32, math.MaxUint32)
	return r
}

// readPaf returns the fields as lines.
func (r *blockReader) readPaf(block []byte) (all []string, err error) {
	var f hpack.Field
	for r.paf.Begin(block); r.paf.Next(&f); {
		all = append(all, fieldLine(f.Name, f.Value, f.Sensitive))
	}
	return all, r.paf.Err()
}

func (r *blockReader) readXNet(block []byte) (all []string, err error) {
	fields, err := r.xnet.DecodeFull(block)
	for _, f := range fields {
		all = append(all, fieldLine(f.Name, f.Value, f.Sensitive))
	}
	return all, err
}

func fieldLine(name, value string, sensitive bool) string {
	return fmt.Sprintf("%q: %q, sensitive %t", name, value, sensitive)
}

// compare lets both read a block, and reports whether there can be another.
func (r *blockReader) compare(t *testing.T, block []byte) bool {
	t.Helper()
	paf, pafErr := r.readPaf(block)
	std, stdErr := r.readXNet(block)
	if pafErr == nil && stdErr == nil {
		if !slices.Equal(paf, std) {
			t.Fatalf("%x\npaf:\n%s\nx/net:\n%s", block, strings.Join(paf, "\n"), strings.Join(std, "\n"))
		}
		return true
	}
	if pafErr != nil && stdErr != nil {
		return false
	}
	for _, d := range blockDifferences {
		if d.paf != nil && d.paf == pafErr || d.xnet != "" && stdErr != nil && strings.Contains(stdErr.Error(), d.xnet) {
			return false // the tables may differ from here on
		}
	}
	t.Fatalf("%x\npaf: %v\nx/net: %v", block, pafErr, stdErr)
	return false
}

// FuzzFieldBlocksAsXNetReadsThem: any octets are the same fields to paf as to x/net, or are
// refused by both, but for the differences that are listed, and argued, above.
func FuzzFieldBlocksAsXNetReadsThem(f *testing.F) {
	for _, seed := range []string{
		"\x82\x86\x84\x41\x8c\xf1\xe3\xc2\xe5\xf2\x3a\x6b\xa0\xab\x90\xf4\xff",
		"\x40\x0acustom-key\x0dcustom-header\x00\x82\xbe",
		"\x20\x3f\x45\x82\x00\x20\x20\x20\x82",
		"\x41\x84\xff\xff\xff\xff",
		"\x0f\x80\x80\x80\x80\x80\x80\x00\x01a",
		"\x10\x01a\x01b\x00\x7e\x01c\x00\xbe",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		r := newBlockReader()
		for len(in) > 0 { // a first octet says how long a block is
			n := min(int(in[0]), len(in)-1)
			if !r.compare(t, in[1:1+n]) {
				return
			}
			in = in[1+n:]
		}
		if r.paf.Begin(in); r.paf.Err() != nil {
			t.Fatal(r.paf.Err())
		}
	})
}

// A blockWriter writes with both encoders for both decoders, each pair with tables of its own.
type blockWriter struct {
	paf     hpack.Encoder
	xnet    *xnet.Encoder
	xnetOut bytes.Buffer
	read    *blockReader
}

func newBlockWriter() *blockWriter {
	w := &blockWriter{read: newBlockReader()}
	w.xnet = xnet.NewEncoder(&w.xnetOut)
	w.resize(hpackTable)
	return w
}

// resize changes the tables of all four.
func (w *blockWriter) resize(n uint32) {
	w.paf.SetMaxTableSize(n)
	w.xnet.SetMaxDynamicTableSize(n)
	w.read.paf.SetMaxTableSize(n)
	w.read.xnet.SetAllowedMaxDynamicTableSize(n)
}

// write writes fields with each, and reads them with the other.
func (w *blockWriter) write(t *testing.T, fields []hpack.Field) {
	t.Helper()
	w.xnetOut.Reset()
	var block []byte
	var want []string
	for _, f := range fields {
		block = w.paf.AppendField(block, f)
		if err := w.xnet.WriteField(xnet.HeaderField{Name: f.Name, Value: f.Value, Sensitive: f.Sensitive}); err != nil {
			t.Fatal(err)
		}
		want = append(want, fieldLine(f.Name, f.Value, f.Sensitive))
	}
	if got, err := w.read.readXNet(block); err != nil || !slices.Equal(got, want) {
		t.Fatalf("paf's block %x as x/net reads it: %v\n%s\nwanted\n%s", block, err, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if got, err := w.read.readPaf(w.xnetOut.Bytes()); err != nil || !slices.Equal(got, want) {
		t.Fatalf("x/net's block %x as paf reads it: %v\n%s\nwanted\n%s", w.xnetOut.Bytes(), err, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// FuzzFieldBlocksBetweenPafAndXNet: what either writes, the other reads as it was, through changes
// of the tables' size. Two changes between two blocks are left out: x/net refuses what has to be
// written then (see blockDifferences).
func FuzzFieldBlocksBetweenPafAndXNet(f *testing.F) {
	f.Add([]byte("\x00\x01a\x01b\x02\x03abc\x03def\x00\x01a\x01b"))
	f.Add([]byte("\x01\x05name1\x05value\x03\x10\x01\x05name1\x05value\x03\xff\x01\x05name1\x05value"))
	f.Fuzz(func(t *testing.T, in []byte) {
		w := newBlockWriter()
		// Both encoders begin with 4096, and tell the smaller size first of all.
		w.write(t, []hpack.Field{{Name: ":method", Value: "GET"}})
		var fields []hpack.Field
		flush := func() {
			if len(fields) > 0 {
				w.write(t, fields)
				fields = nil
			}
		}
		next := func() int {
			if len(in) == 0 {
				return 0
			}
			b := in[0]
			in = in[1:]
			return int(b)
		}
		text := func() string {
			n := min(next()%64, len(in))
			s := string(in[:n])
			in = in[n:]
			return s
		}
		for resized := false; len(in) > 0; {
			switch op := next(); op % 4 {
			case 0, 1:
				fields = append(fields, hpack.Field{Name: text(), Value: text(), Sensitive: op%16 == 4})
				resized = false
			case 2:
				flush()
			case 3:
				if flush(); !resized {
					w.resize(uint32(next()))
					resized = true
				}
			}
		}
		flush()
	})
}

// What a server and a client say in fact, and at random, for longer than a fuzzer goes.
func TestFieldBlocksBetweenPafAndXNet(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	names := []string{":path", ":status", "date", "etag", "content-type", "set-cookie", "x-request-id", "cookie", "vary", "x-custom"}
	w := newBlockWriter()
	for i := range 5000 {
		var fields []hpack.Field
		for range 1 + random.IntN(8) {
			fields = append(fields, hpack.Field{
				Name:      names[random.IntN(len(names))],
				Value:     strings.Repeat(string(rune(random.IntN(128))), random.IntN(40)),
				Sensitive: random.IntN(20) == 0,
			})
		}
		w.write(t, fields)
		if i%50 == 49 {
			w.resize(uint32(random.IntN(300)))
		}
	}
}

func TestListOfBlockDifferencesIsNotTooLong(t *testing.T) {
	for _, c := range []struct {
		octets    string
		paf, xnet bool // it takes them
	}{
		{"\x0f\x80\x80\x80\x80\x80\x80\x00\x01a", false, true},
		{"\x82\x20", false, true},
		{"\x20\x20\x20\x82", false, true},
	} {
		r := newBlockReader()
		_, pafErr := r.readPaf([]byte(c.octets))
		_, xnetErr := r.readXNet([]byte(c.octets))
		if (pafErr == nil) != c.paf || (xnetErr == nil) != c.xnet {
			t.Errorf("%x: paf %v, x/net %v", c.octets, pafErr, xnetErr)
		}
	}
	r := newBlockReader()
	entry := []byte("\x40\x01a\x01b")
	two := []byte("\x3f\x45\x3f\x46\x82")
	r.compare(t, entry)
	_, pafErr := r.readPaf(two)
	_, xnetErr := r.readXNet(two)
	if pafErr != nil || xnetErr == nil {
		t.Errorf("two changes of size: paf %v, x/net %v", pafErr, xnetErr)
	}
}
