//go:build !js

package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// site serves the page, and returns its URL.
func serveSite(t *testing.T, m *module) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := server(m)
	s.GracePeriod = 100 * time.Millisecond
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, ln) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return "http://" + ln.Addr().String() + "/"
}

func TestPage(t *testing.T) {
	m, err := build(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Log(len(m.wasm), len(m.gzipped))
	b := open(t)
	url := serveSite(t, m)
	b.show(t, 1200, 900, "light")
	do(t, b, chromedp.Navigate(url))
	end := do(t, b, chromedp.Poll[string](`document.documentElement.dataset.end || document.documentElement.dataset.state == "failed" && "bad"`, chromedp.WithPollingTimeout(40*time.Second)))
	fmt.Println(end)
	for _, k := range []struct{w,h int64; c string}{{1200,900,"light"},{390,844,"dark"}} {
	b.show(t, k.w, k.h, k.c)
	shot := do(t, b, chromedp.FullScreenshot(100))
	os.WriteFile("/tmp/wasmtry/shot"+k.c+".png", shot, 0o644)
	}
	log := do(t, b, chromedp.Evaluate[string]("globalThis.pafLog || document.body.innerText"))
	fmt.Println(log)
	fmt.Println(b.console())
}
