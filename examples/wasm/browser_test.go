//go:build !js

package main

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/paf-go/paf/internal/testkit"
)

// A browser is headless Chromium, driven from here.
type browser struct {
	ctx      context.Context
	mu       sync.Mutex
	problems []string // what its console says
}

// open opens a browser with a profile of its own; Chromium has to be there.
func open(t *testing.T) *browser {
	t.Helper()
	path := testkit.Need(t, "chromium")
	flags := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(1200, 900), chromedp.Headless, chromedp.NoSandbox,
		chromedp.DisableGPU, chromedp.NoFirstRun,
	}
	for _, name := range []string{"disable-quic", "disable-background-networking", "disable-component-update", "disable-sync"} {
		flags = append(flags, chromedp.Flag(name, true))
	}
	ctx, stop := chromedp.NewExecAllocator(context.Background(), flags...)
	ctx, closePage := chromedp.NewContext(ctx)
	b := &browser{ctx: ctx}
	var group sync.WaitGroup
	console := chromedp.Console(ctx)
	group.Go(func() {
		for m, err := range console {
			if err != nil {
				return
			}
			b.mu.Lock()
			b.problems = append(b.problems, string(m.Type)+": "+m.Text)
			b.mu.Unlock()
		}
	})
	t.Cleanup(func() {
		closePage()
		stop()
		group.Wait()
	})
	return b
}

// console returns what the page's console has said.
func (b *browser) console() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Join(b.problems, "\n")
}

// do runs an action, which may take a minute.
func do[T any](t *testing.T, b *browser, a chromedp.Action[T]) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	v, err := chromedp.Run(ctx, a)
	if err != nil {
		t.Fatalf("chromium: %v\nits console: %s", err, b.console())
	}
	return v
}

// show sets the viewport and the scheme of colours that pages are asked for: "light" or "dark".
func (b *browser) show(t *testing.T, width, height int64, colours string) {
	t.Helper()
	do(t, b, chromedp.EmulateViewport(width, height))
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: colours}}}
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, media); err != nil {
		t.Fatal(err)
	}
}
