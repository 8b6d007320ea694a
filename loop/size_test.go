package loop

import (
	"testing"
	"unsafe"
)

// Of what waits there may be very many: these are size classes of the allocator.
func TestWhatWaitsIsSmall(t *testing.T) {
	if unsafe.Sizeof(uintptr(0)) != 8 {
		return
	}
	for _, c := range []struct {
		what       string
		size, most uintptr
	}{
		{"the memory of an exchange", unsafe.Sizeof(exchange{}), 192},
		{"a reply", unsafe.Sizeof(Reply{}), 192},
		{"its content", unsafe.Sizeof(content{}), 88},
	} {
		if c.size > c.most {
			t.Errorf("%s takes %d bytes, more than %d", c.what, c.size, c.most)
		}
	}
}
