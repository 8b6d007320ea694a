package hpack_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/paf-go/paf/hpack"
)

// An encoder that has given up its table is understood by a decoder that has not, in all that follows, whether or not that one is made
// anew of its memory.
func TestAnEncoderThatForgetsIsUnderstood(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	var enc hpack.Encoder
	dec := hpack.NewDecoder(4096)
	forgotten := 0
	for range 2000 {
		switch rnd.IntN(10) {
		case 0:
			memory := enc.Memory()
			enc = memory.Encoder()
			forgotten++
		case 2:
			memory := dec.Memory()
			dec = memory.Decoder()
		case 1:
			enc.SetMaxTableSize(uint32(rnd.IntN(4097))) // no more than what the decoder allows
		}
		var block []byte
		var want []hpack.Field
		for range 1 + rnd.IntN(6) {
			f := hpack.Field{Name: fmt.Sprintf("name-%d", rnd.IntN(20)), Value: fmt.Sprintf("value-%d", rnd.IntN(20)), Sensitive: rnd.IntN(20) == 0}
			want = append(want, f)
			block = enc.AppendField(block, f)
		}
		dec.Begin(block)
		var f hpack.Field
		i := 0
		for ; dec.Next(&f); i++ {
			if i == len(want) || f != want[i] {
				t.Fatalf("%+v, want %+v", f, want)
			}
		}
		if i != len(want) || dec.Err() != nil {
			t.Fatalf("%d of %d fields, %v", i, len(want), dec.Err())
		}
	}
	if forgotten < 100 {
		t.Error("it hardly ever forgot")
	}
}
