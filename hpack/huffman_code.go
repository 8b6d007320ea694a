package hpack

// eos is the symbol that ends a string; it is only used, as far as its first bits, as padding.
const eos = 256

// codeLengths holds the number of bits of each symbol's code (RFC 7541, Appendix B). The code is canonical: codes
// of one length are consecutive numbers in the order of their symbols, and shorter ones come before longer ones,
// so that the lengths are all there is to know.
var codeLengths = [257]uint8{
	13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
	28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
	6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
	5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
	13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
	7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
	15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
	6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
	20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
	24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
	22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
	21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
	26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
	19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
	20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
	26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
	30,
}

const (
	shortest = 5
	longest  = 30
)

// A code is the code of a symbol: its lowest bits, length of them.
type code struct {
	bits   uint32
	length uint8
}

// codes is the code of each symbol.
var codes = func() (all [257]code) {
	next := uint32(0)
	for length := uint8(shortest); length <= longest; length++ {
		for symbol, l := range codeLengths {
			if l == length {
				all[symbol] = code{next, length}
				next++
			}
		}
		next <<= 1
	}
	return all
}()

// quickBits is how many bits decoding looks at first: most codes in real text are no longer.
const quickBits = 8

// quick says for the next quickBits bits which symbol they begin with; a length of 0 that its code is longer.
var quick = func() (table [1 << quickBits]struct{ symbol, length uint8 }) {
	for symbol, c := range codes {
		if c.length > quickBits {
			continue
		}
		free := quickBits - c.length
		for i := range uint32(1) << free {
			table[c.bits<<free|i].symbol, table[c.bits<<free|i].length = uint8(symbol), c.length
		}
	}
	return table
}()

// ladder says for each length which codes have it.
var ladder = func() (steps [longest + 1]struct {
	first, count uint32
	symbols      []uint16
}) {
	for symbol, c := range codes {
		step := &steps[c.length]
		if step.count == 0 {
			step.first = c.bits
		}
		step.count++
		step.symbols = append(step.symbols, uint16(symbol))
	}
	return steps
}()
