package paf

import (
	"testing"
	"unsafe"
)

// A handler's Request and ResponseWriter are made anew for each request: this is a size class of the allocator, and the next one is 448.
func TestWhatAHandlerIsGivenIsSmall(t *testing.T) {
	if size := unsafe.Sizeof(exchange{}); size > 416 {
		t.Errorf("it takes %d bytes", size)
	}
}
