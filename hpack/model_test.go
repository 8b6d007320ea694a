package hpack

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// A model is a decoder as the RFC's sentences have it, one after the other and
// without a thought of speed. Where a block breaks two rules at once it may name
// another one than Decoder does.
type model struct {
	entries       []Field // newest first
	max           uint64
	allowed       uint64
	least         uint64 // since the last block
	maxStr, maxLs uint64
	in            []byte
	fault         Error
}

func newModel(size uint32) *model {
	return &model{max: uint64(size), allowed: uint64(size), least: math.MaxUint64, maxStr: defaultMaxString, maxLs: defaultMaxList}
}

func (m *model) setMaxTableSize(n uint32) {
	m.allowed = uint64(n)
	m.least = min(m.least, m.allowed)
}

func (m *model) decode(block []byte) (fields []Field, fault Error) {
	if m.fault != ok {
		return nil, m.fault
	}
	m.in = block
	list, over := uint64(0), ok
	for began, updates := false, 0; len(m.in) > 0 && m.fault == ok; {
		b := m.in[0]
		if b>>5 == 1 {
			n := m.integer(5)
			if updates++; began {
				m.fail(UpdateLate)
			} else if updates > 2 {
				m.fail(UpdateRepeated)
			} else if n > m.allowed {
				m.fail(UpdateTooLarge)
			} else if updates == 1 && m.max > m.least && n > m.least {
				m.fail(UpdateMissing)
			} else if m.fault == ok {
				m.max, m.least = n, math.MaxUint64
				m.shrink()
			}
			continue
		}
		if !began && m.max > m.least {
			m.fail(UpdateMissing)
		}
		began, m.least = true, math.MaxUint64
		var f Field
		switch {
		case b >= 0x80:
			f = m.lookup(m.integer(7))
		case b >= 0x40:
			f.Name = m.name(6)
			f.Value = m.text()
		default:
			f.Name = m.name(4)
			f.Value = m.text()
			f.Sensitive = b >= 0x10
		}
		if m.fault != ok {
			break
		}
		if b>>6 == 1 {
			m.entries = append([]Field{f}, m.entries...)
			m.shrink()
		}
		if list += f.Size(); max(uint64(len(f.Name)), uint64(len(f.Value))) > m.maxStr && over == ok {
			over = StringTooLong
		} else if list > m.maxLs && over == ok {
			over = ListTooLong
		}
		if over == ok {
			fields = append(fields, f)
		}
	}
	if m.fault != ok {
		return fields, m.fault
	}
	return fields, over
}

func (m *model) fail(e Error) {
	if m.fault == ok {
		m.fault = e
	}
}

func (m *model) shrink() {
	for m.size() > m.max {
		m.entries = m.entries[:len(m.entries)-1]
	}
}

func (m *model) size() (n uint64) {
	for _, f := range m.entries {
		n += f.Size()
	}
	return n
}

func (m *model) lookup(i uint64) Field {
	if m.fault == ok && 0 < i && i < uint64(len(static)) {
		return Field{Name: static[i].name, Value: static[i].value}
	}
	if i -= uint64(len(static)); i < uint64(len(m.entries)) {
		return m.entries[i]
	}
	m.fail(NoSuchEntry)
	return Field{}
}

func (m *model) name(prefix uint) string {
	if i := m.integer(prefix); i != 0 {
		return m.lookup(i).Name
	}
	return m.text()
}

func (m *model) octet() byte {
	if len(m.in) == 0 {
		m.fail(Truncated)
		return 0
	}
	b := m.in[0]
	m.in = m.in[1:]
	return b
}

// integer is the pseudo-code of Section 5.1.
func (m *model) integer(prefix uint) uint64 {
	full := uint64(1)<<prefix - 1
	v := uint64(m.octet()) & full
	if v < full {
		return v
	}
	for i := range 5 {
		b := m.octet()
		v += uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			if v >= 1<<32 {
				m.fail(IntegerTooLong)
			}
			return v
		}
	}
	m.fail(IntegerTooLong)
	return 0
}

func (m *model) text() string {
	huffman := len(m.in) > 0 && m.in[0] >= 0x80
	n := m.integer(7)
	if m.fault == ok && n > uint64(len(m.in)) {
		m.fail(Truncated)
	}
	if m.fault != ok {
		return ""
	}
	raw := m.in[:n]
	m.in = m.in[n:]
	if !huffman {
		return string(raw)
	}
	s, fault := decodeSlowly(raw)
	if fault != ok {
		m.fail(fault)
	}
	return s
}

// A pair is a decoder and the model beside it.
type pair struct {
	t *testing.T
	d *Decoder
	m *model
}

func newPair(t *testing.T, size uint32) *pair { return &pair{t, NewDecoder(size), newModel(size)} }

func (p *pair) setLimits(str, list uint32) {
	p.d.SetLimits(str, list)
	p.m.maxStr, p.m.maxLs = uint64(str), uint64(list)
}

func (p *pair) setMaxTableSize(n uint32) {
	p.d.SetMaxTableSize(n)
	p.m.setMaxTableSize(n)
}

// decode lets both decode a block, which has to be the same to them.
func (p *pair) decode(block []byte) ([]Field, error) {
	p.t.Helper()
	fields, err := decodeAll(p.d, block)
	want, wantFault := p.m.decode(block)
	if !slices.Equal(fields, want) || (err == nil) != (wantFault == ok) {
		p.t.Fatalf("%x\n%v\n%s\nthe model:\n%v\n%s", block, err, lines(fields), wantFault, lines(want))
	}
	if wantFault != ok {
		if fault := err.(Error); fault.Fatal() != wantFault.Fatal() {
			p.t.Fatalf("%x: %v, the model: %v", block, err, wantFault)
		}
		if wantFault.Fatal() {
			return fields, err
		}
	}
	var entries []Field
	for n := p.d.table.next; n != p.d.table.first; n-- {
		e := p.d.table.entry(n - 1)
		entries = append(entries, Field{Name: e.name, Value: e.value})
	}
	for i := range p.m.entries {
		p.m.entries[i].Sensitive = false
	}
	if !slices.Equal(entries, p.m.entries) || p.d.table.size != p.m.size() || p.d.table.max != p.m.max {
		p.t.Fatalf("%x: the table has %d octets\n%s\nthe model's %d\n%s", block, p.d.table.size, lines(entries), p.m.size(), lines(p.m.entries))
	}
	return fields, err
}

// A writer writes blocks in all the ways that there are, mostly right.
type writer struct {
	*rand.Rand
	m *model
}

func (w writer) block() (b []byte) {
	for w.IntN(6) == 0 && len(b) < 4 {
		b = appendInteger(b, 5, 0x20, w.Uint64N(w.m.allowed+1))
	}
	for range w.IntN(8) {
		switch w.IntN(10) {
		case 0, 1, 2, 3:
			b = appendInteger(b, 7, 0x80, w.index())
		case 4, 5, 6, 7:
			b = w.literal(b, 6, 0x40)
		case 8:
			b = w.literal(b, 4, 0x00)
		case 9:
			b = w.literal(b, 4, 0x10)
		}
	}
	if w.IntN(60) == 0 && len(b) > 0 { // now and then a fault
		b[w.IntN(len(b))] ^= 1 << w.IntN(8)
	}
	return b
}

func (w writer) index() uint64 {
	return 1 + w.Uint64N(uint64(staticCount+max(1, len(w.m.entries)*2/3)))
}

func (w writer) literal(b []byte, prefix uint, flags byte) []byte {
	if w.IntN(2) == 0 {
		b = appendInteger(b, prefix, flags, w.index())
	} else {
		b = w.text(append(b, flags))
	}
	return w.text(b)
}

func (w writer) text(b []byte) []byte {
	s := strings.Repeat(string(rune('a'+w.IntN(26))), w.IntN(8)*w.IntN(8)*w.IntN(3))
	if w.IntN(2) == 0 {
		return append(appendInteger(b, 7, 0, uint64(len(s))), s...)
	}
	return appendHuffman(appendInteger(b, 7, 0x80, uint64(huffmanLen(s))), s, huffmanLen(s))
}

func TestDecoderDoesAsTheModel(t *testing.T) {
	blocks, refused, over := 0, 0, 0
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 7))
		p := newPair(t, random.Uint32N(600))
		w := writer{random, p.m}
		for range 60 {
			if random.IntN(20) == 0 {
				p.setMaxTableSize(random.Uint32N(600))
			}
			if random.IntN(10) == 0 {
				p.setLimits(random.Uint32N(200), random.Uint32N(1000))
			}
			blocks++
			if _, err := p.decode(w.block()); err != nil && err.(Error).Fatal() {
				refused++
				break
			} else if err != nil {
				over++
			}
		}
	}
	t.Logf("%d blocks, %d refused, %d over a limit", blocks, refused, over)
	if refused == 0 || over == 0 || blocks < 3000 {
		t.Error("too little was tried")
	}
}

func TestEncoderAndModelAgree(t *testing.T) {
	for seed := range uint64(100) {
		random := rand.New(rand.NewPCG(seed, 8))
		var e Encoder
		p := newPair(t, initialTableSize)
		for range 100 {
			if random.IntN(10) == 0 {
				n := random.Uint32N(1000)
				e.SetMaxTableSize(n)
				p.setMaxTableSize(n)
			}
			var fields []Field
			for range 1 + random.IntN(10) {
				f := Field{Name: static[1+random.IntN(staticCount)].name, Sensitive: random.IntN(10) == 0}
				if random.IntN(2) == 0 {
					f.Name = strings.Repeat("x", random.IntN(30))
				}
				f.Value = strings.Repeat("v", random.IntN(8))
				fields = append(fields, f)
			}
			roundTrip(t, &e, p, fields)
		}
	}
}

// roundTrip encodes and decodes fields and compares all that can be.
func roundTrip(t *testing.T, e *Encoder, p *pair, fields []Field) {
	t.Helper()
	var block []byte
	for _, f := range fields {
		block = append(block, encodeOne(t, e, f)...)
	}
	got, err := p.decode(block)
	if err != nil || !slices.Equal(got, fields) {
		t.Fatalf("%v\n%s\nwanted\n%s", err, lines(got), lines(fields))
	}
	if tableText(&e.table) != tableText(&p.d.table) || e.table.max != p.d.table.max && len(block) > 0 {
		t.Fatalf("the encoder's table\n%s\nthe decoder's\n%s", tableText(&e.table), tableText(&p.d.table))
	}
}

// encodeOne encodes a field and sees that the best form was found for it.
func encodeOne(t *testing.T, e *Encoder, f Field) []byte {
	t.Helper()
	pending := e.sizes.pending
	present := false
	if e.ready && !pending {
		for n := e.table.first; n != e.table.next; n++ {
			x := e.table.entry(n)
			present = present || x.name == f.Name && x.value == f.Value
		}
	}
	entries := e.table.next
	block := e.AppendField([]byte("before"), f)
	if !bytes.HasPrefix(block, []byte("before")) {
		t.Fatal("what was there is gone")
	}
	block = block[len("before"):]
	switch {
	case f.Sensitive && (e.table.next != entries || !pending && block[0]&0xf0 != 0x10):
		t.Fatalf("a sensitive field as %x", block)
	case !f.Sensitive && present && block[0] < 0x80:
		t.Fatalf("an entry was not found: %x", block)
	}
	return block
}
