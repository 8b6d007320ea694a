package h2

import (
	"testing"
	"unsafe"
)

func TestAStreamTakes128Bytes(t *testing.T) {
	if size := unsafe.Sizeof(stream{}); unsafe.Sizeof(uintptr(0)) == 8 && size > 128 {
		t.Errorf("it takes %d", size)
	}
}
