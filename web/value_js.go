package web

import (
	"fmt"
	"syscall/js"
)

// This file is what JavaScript's messages and Go's bytes have to do with each other.

// bytesOf returns a copy of pieces, of n bytes in all, as a Uint8Array of their own.
func bytesOf(pieces [][]byte, n int) js.Value {
	array := js.Global().Get("Uint8Array").New(n)
	if len(pieces) == 1 {
		js.CopyBytesToJS(array, pieces[0])
		return array
	}
	at := 0
	for _, p := range pieces {
		at += js.CopyBytesToJS(array.Call("subarray", at), p)
	}
	return array
}

// deliver hands a message over to a flow.
func deliver(c *Conn, data js.Value) {
	switch data.Type() {
	case js.TypeString:
		c.hear(data.String())
	case js.TypeObject:
		if !data.InstanceOf(js.Global().Get("ArrayBuffer")) {
			c.hear("?")
			return
		}
		p := make([]byte, data.Get("byteLength").Int())
		js.CopyBytesToGo(p, js.Global().Get("Uint8Array").New(data))
		c.arrive(p)
	default:
		c.hear("?")
	}
}

// attempt calls JavaScript that may throw.
func attempt(f func()) (err error) {
	defer func() {
		switch thrown := recover().(type) {
		case nil:
		case js.Error:
			err = fmt.Errorf("web: %w", thrown)
		default:
			panic(thrown)
		}
	}()
	f()
	return nil
}

// Handlers are one function for several events of an object.
type handlers struct {
	of    js.Value
	kinds []string
	f     js.Func
}

// listen has f called for events. It must not block.
func listen(of js.Value, f func(kind string, event js.Value), kinds ...string) *handlers {
	h := &handlers{of: of, kinds: kinds, f: js.FuncOf(func(_ js.Value, args []js.Value) any {
		f(args[0].Get("type").String(), args[0])
		return nil
	})}
	for _, kind := range kinds {
		of.Call("addEventListener", kind, h.f)
	}
	return h
}

// stop lets go of the function, which is not called again.
func (h *handlers) stop() {
	for _, kind := range h.kinds {
		h.of.Call("removeEventListener", kind, h.f)
	}
	h.f.Release()
}
