//go:build js

package main

import (
	"context"
	"encoding/json"
	"iter"
	"syscall/js"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/mimic"
	"github.com/paf-go/paf/web"
)

// A way is how the page reaches a server.
type way struct {
	flow     string
	to       string
	context  mimic.Context
	protocol paf.Protocol
}

// ways are over a MessagePort to the worker, and over a WebSocket to the server of the page, each with both protocols.
func ways() (all []way) {
	port := mimic.Add(mimic.Context{}, web.MessagePort, js.Global().Get("pafWorker"))
	socket := mimic.Add(mimic.Context{}, web.WebSocket, socketURL())
	for _, protocol := range []paf.Protocol{paf.HTTP11, paf.HTTP2} {
		all = append(all, way{"MessagePort", "paf in a Web Worker", port, protocol})
	}
	for _, protocol := range []paf.Protocol{paf.HTTP11, paf.HTTP2} {
		all = append(all, way{"WebSocket", "paf in Go, where this page is from", socket, protocol})
	}
	return all
}

func socketURL() string {
	location := js.Global().Get("location")
	scheme := "ws://"
	if location.Get("protocol").String() == "https:" {
		scheme = "wss://"
	}
	return scheme + location.Get("host").String() + "/flow"
}

// show makes all exchanges, one after another, and shows each as it ends.
func show() error {
	v := newView()
	log := []entry{}
	begin := time.Now()
	for _, w := range ways() {
		section := v.section(w)
		for e := range exchanges(w) {
			section.add(e)
			log = append(log, e)
			v.total(log, time.Since(begin), false)
		}
	}
	v.total(log, time.Since(begin), true)
	text, err := json.Marshal(log)
	if err != nil {
		return err
	}
	js.Global().Set("pafLog", string(text))
	select {} // events may still come for flows that were closed
}

// exchanges yields what becomes of each trial over a way.
func exchanges(w way) iter.Seq[entry] {
	return func(yield func(entry) bool) {
		c := &paf.Client{Context: w.context, Protocol: w.protocol, MaxConns: 16}
		defer c.Close()
		for _, t := range trials {
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
			e := entry{Flow: w.flow, Wanted: w.protocol.String(), Name: t.name, Say: t.say}
			begin := time.Now()
			if err := t.run(ctx, c, &e); err != nil {
				e.Error = err.Error()
			}
			e.Milliseconds = float64(time.Since(begin).Microseconds()) / 1000
			cancel()
			if !yield(e) {
				return
			}
		}
	}
}

// An entry of the log is one trial: an exchange, or a hundred at once.
type entry struct {
	Flow         string  `json:"flow"`
	Wanted       string  `json:"wanted"`   // version
	Protocol     string  `json:"protocol"` // of the response
	Name         string  `json:"name"`
	Say          string  `json:"say"`
	Status       int     `json:"status"`
	Bytes        int64   `json:"bytes"` // of content, both ways
	Checksum     string  `json:"checksum"`
	Note         string  `json:"note"`
	Milliseconds float64 `json:"milliseconds"`
	Exchanges    int     `json:"exchanges"`
	Error        string  `json:"error"`
}

func (e *entry) passed() bool { return e.Error == "" }
