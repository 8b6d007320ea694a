package report

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/png"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// A browser is headless Chromium, driven from here.
type browser struct {
	ctx      context.Context
	mu       sync.Mutex
	problems []string // what its console says
}

// openBrowser opens one with a profile of its own; without Chromium the test is skipped, loudly, and fails in CI.
func openBrowser(t *testing.T) *browser {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("chromium is not installed: conformance/install.sh brings it")
		}
		t.Skip("SKIPPED: chromium is not installed: the page was not tried in a browser")
	}
	flags := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(1200, 900), chromedp.Headless, chromedp.NoSandbox,
		chromedp.DisableGPU, chromedp.NoFirstRun,
	}
	for _, name := range []string{"disable-quic", "disable-background-networking", "disable-component-update", "disable-sync", "hide-scrollbars"} {
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

// load opens a page as a file, as somebody would who was sent it.
func (b *browser) load(t *testing.T, page string) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(name, []byte(page), 0o644); err != nil {
		t.Fatal(err)
	}
	do(t, b, chromedp.Navigate((&url.URL{Scheme: "file", Path: filepath.ToSlash(name)}).String()))
}

// evaluate returns what an expression is in the page.
func evaluate[T any](t *testing.T, b *browser, expression string) T {
	t.Helper()
	return do(t, b, chromedp.Evaluate[T](expression))
}

// writePicture writes the upper part of a picture for docs/load.md, in 64 colours, which is enough for text and lines.
func writePicture(t *testing.T, name string, p []byte, height int) {
	t.Helper()
	picture, err := png.Decode(bytes.NewReader(p))
	if err != nil {
		t.Fatal(err)
	}
	size := image.Rect(0, 0, picture.Bounds().Dx(), min(height, picture.Bounds().Dy()))
	small := image.NewPaletted(size, palette(picture, 64))
	for y := range small.Rect.Max.Y {
		for x := range small.Rect.Max.X {
			small.Set(x, y, picture.At(x, y))
		}
	}
	var out bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, small); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Log(name, out.Len(), "bytes,", small.Bounds().Size())
	if out.Len() > 150<<10 {
		t.Errorf("%s has %d bytes", name, out.Len())
	}
}

// palette returns the n most frequent colours.
func palette(picture image.Image, n int) color.Palette {
	count := map[color.Color]int{}
	for y := range picture.Bounds().Max.Y {
		for x := range picture.Bounds().Max.X {
			count[color.RGBAModel.Convert(picture.At(x, y))]++
		}
	}
	all := slices.SortedFunc(maps.Keys(count), func(a, b color.Color) int { return count[b] - count[a] })
	return color.Palette(all[:min(n, len(all))])
}
