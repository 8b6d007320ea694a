//go:build js

package main

import (
	"fmt"
	"strings"
	"syscall/js"
	"time"
)

// A view is the page.
type view struct{ document js.Value }

func newView() view { return view{js.Global().Get("document")} }

// A section is the part of the page for one way.
type section struct {
	view
	list js.Value
}

func (v view) section(w way) section {
	card := v.make("section", "card", "")
	head := v.make("header", "", "")
	title := v.make("h2", "", w.flow)
	title.Call("append", v.make("span", "version", strings.TrimSuffix(w.protocol.String(), ".0")))
	head.Call("append", title, v.make("p", "", "to "+w.to))
	list := v.make("ol", "", "")
	card.Call("append", head, list)
	v.element("ways").Call("append", card)
	return section{v, list}
}

// add shows what became of a trial.
func (s section) add(e entry) {
	class := "passed"
	if !e.passed() {
		class = "failed"
	}
	row := s.make("li", class, "")
	row.Call("append", s.make("b", "", e.Say), s.make("span", "time", milliseconds(e.Milliseconds)))
	detail := fmt.Sprintf("%d · %s", e.Status, size(e.Bytes))
	if e.Note != "" && e.Name != "get" {
		detail += " · " + e.Note
	}
	if !e.passed() {
		detail = e.Error
	}
	sum := s.make("code", "", e.Checksum[:min(10, len(e.Checksum))])
	sum.Set("title", "SHA-256 "+e.Checksum)
	row.Call("append", s.make("span", "detail", detail), sum)
	s.list.Call("append", row)
}

// total shows how far it is.
func (v view) total(log []entry, took time.Duration, end bool) {
	exchanges, bytes, failed := 0, int64(0), 0
	for _, e := range log {
		exchanges, bytes = exchanges+e.Exchanges, bytes+e.Bytes
		if !e.passed() {
			failed++
		}
	}
	v.set("exchanges", fmt.Sprint(exchanges))
	v.set("bytes", size(bytes))
	v.set("took", milliseconds(float64(took.Milliseconds())))
	state, say := "running", "running …"
	switch {
	case failed > 0:
		state, say = "failed", fmt.Sprintf("%d failed", failed)
	case end:
		state, say = "passed", "all passed"
	}
	v.set("state", say)
	v.document.Get("documentElement").Get("dataset").Set("state", state)
	if end {
		v.document.Get("documentElement").Get("dataset").Set("end", "true")
	}
}

func (v view) make(name, class, text string) js.Value {
	e := v.document.Call("createElement", name)
	e.Set("className", class)
	e.Set("textContent", text)
	return e
}

func (v view) element(id string) js.Value { return v.document.Call("getElementById", id) }

func (v view) set(id, text string) { v.element(id).Set("textContent", text) }

func size(n int64) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%.3g MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.3g KiB", float64(n)/(1<<10))
	}
	return fmt.Sprint(n, " bytes")
}

func milliseconds(ms float64) string {
	if ms >= 1000 {
		return fmt.Sprintf("%.2f s", ms/1000)
	}
	return fmt.Sprintf("%.3g ms", ms)
}
