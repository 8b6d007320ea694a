//go:build !js

package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/paf-go/paf/examples/wasm/api"
	"github.com/paf-go/paf/internal/testkit"
)

var update = flag.Bool("update", false, "write the pictures of README.md anew")

// serveSite serves the page, and returns its URL.
func serveSite(t *testing.T, m *module) string {
	t.Helper()
	ln := testkit.Listen(t)
	s := server(m)
	s.GracePeriod = 100 * time.Millisecond
	testkit.Serve(t, s, ln)
	return "http://" + ln.Addr().String() + "/"
}

// An entry is one of the page's log.
type entry struct {
	Flow, Protocol, Name, Checksum, Note, Error string
	Status, Exchanges                           int
	Bytes                                       int64
}

// TestPage loads the page in a browser, waits for its end and looks at its log, at its console and at the picture of it.
func TestPage(t *testing.T) {
	m, err := build(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("the module has %d KiB, %d KiB with gzip -9", len(m.wasm)>>10, len(m.gzipped)>>10)
	b := open(t)
	b.show(t, 1200, 900, "light")
	do(t, b, chromedp.Navigate(serveSite(t, m)))
	state := do(t, b, chromedp.Poll[string](`(d => d.end || d.state == "failed" ? d.state : "")(document.documentElement.dataset)`,
		chromedp.WithPollingTimeout(50*time.Second)))
	if state != "passed" {
		t.Errorf("the page says: %s", do(t, b, chromedp.Evaluate[string]("document.body.innerText")))
	}
	for _, line := range strings.Split(b.console(), "\n") {
		// Chromium warns of WebSockets that a client has opened for a request which another one was free for.
		if line != "" && !strings.HasPrefix(line, "warning: WebSocket connection to ") {
			t.Errorf("the console says: %s", line)
		}
	}
	checkLog(t, do(t, b, chromedp.Evaluate[string]("globalThis.pafLog || '[]'")))

	wide := do(t, b, chromedp.FullScreenshot(100))
	checkPicture(t, wide, 1200, color.RGBA{0x11, 0x7a, 0x4b, 0xff}, color.RGBA{0xf6, 0xf7, 0xf9, 0xff})
	b.show(t, 390, 844, "dark")
	checkPicture(t, do(t, b, chromedp.FullScreenshot(100)), 390, color.RGBA{0x3e, 0xcf, 0x8e, 0xff}, color.RGBA{0x11, 0x15, 0x1b, 0xff})
	if overflow := do(t, b, chromedp.Evaluate[int]("document.documentElement.scrollWidth")); overflow > 390 {
		t.Errorf("on a phone the page is %d pixels wide", overflow)
	}
	if *update {
		writePicture(t, "screenshot.png", wide)
	}
}

// sums returns the checksums of what the trials have to bring. Those of text are sha256sum's: of the greetings, of the lines of the events, and of
// the lines of checksums of a hundred squares.
func sums() map[string]string {
	return map[string]string{
		"get MessagePort": "4d55e33b61af94e8279556f2d1d9a6801bef45a9fbe8040aa1707ac402083008",
		"get WebSocket":   "88373ea7d2cb413fee751ecf33218427bc5a7be149645cd326a3d8a86e79494f",
		"echo":            sum(api.Noise(1 << 20)),
		"stream":          sum(api.Noise(8 << 20)),
		"hundred":         "c55f48e6059e6e82f9e7d8ef0763aa859bc586c8c3cd4e5d5fe327aaf8b4fc10",
		"events":          "2e3baf1c43ca44887d9c2026c1c07afa09743cd3bd962a1595c4e24771f8d3e7",
	}
}

func sum(r io.Reader) string {
	h := sha256.New()
	_, _ = io.Copy(h, r)
	return hex.EncodeToString(h.Sum(nil))
}

// checkLog checks each exchange: over which flow and protocol, its status, its content.
func checkLog(t *testing.T, text string) {
	t.Helper()
	var log []entry
	if err := json.Unmarshal([]byte(text), &log); err != nil {
		t.Fatal(err)
	}
	seen, want := map[string]entry{}, sums()
	for _, e := range log {
		seen[e.Flow+" "+e.Protocol+" "+e.Name] = e
	}
	for _, flow := range []string{"MessagePort", "WebSocket"} {
		for _, protocol := range []string{"HTTP/1.1", "HTTP/2.0"} {
			for _, name := range []string{"get", "echo", "stream", "hundred", "events"} {
				e, there := seen[flow+" "+protocol+" "+name]
				sum := want[name] + want[name+" "+flow]
				if !there || e.Error != "" || e.Status != 200 || e.Checksum != sum {
					t.Errorf("%s over %s on a %s: %+v, want the checksum %s", name, protocol, flow, e, sum)
				}
				if name == "hundred" && (e.Exchanges != 100 || protocol == "HTTP/2.0" && e.Note != "over one flow") {
					t.Errorf("%d exchanges over %s on a %s %s", e.Exchanges, protocol, flow, e.Note)
				}
			}
		}
	}
	if len(log) != 20 {
		t.Errorf("%d entries", len(log))
	}
}

// checkPicture checks that a page has been drawn: as wide as the viewport, on its ground, with many colours, and with that of "all passed" on
// the place where it stands.
func checkPicture(t *testing.T, p []byte, width int, pass, ground color.RGBA) {
	t.Helper()
	picture, err := png.Decode(bytes.NewReader(p))
	if err != nil {
		t.Fatal(err)
	}
	size := picture.Bounds().Size()
	if size.X != width || size.Y < 800 {
		t.Fatalf("the picture is %v, want %d pixels wide", size, width)
	}
	colours, passed := map[color.RGBA]int{}, image.Rectangle{}
	for y := range size.Y {
		for x := range size.X {
			c := color.RGBAModel.Convert(picture.At(x, y)).(color.RGBA)
			colours[c]++
			if c == pass {
				passed = passed.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	if len(colours) < 200 || colours[ground] < size.X*size.Y/10 {
		t.Errorf("the picture has %d colours, %d pixels are the ground's", len(colours), colours[ground])
	}
	if colours[pass] < 2000 || passed.Min.Y > 200 {
		t.Errorf("%d pixels have the colour of what passed, in %v", colours[pass], passed)
	}
}

// writePicture writes a picture for README.md, in 64 colours, which is enough for text and a third of the size.
func writePicture(t *testing.T, name string, p []byte) {
	t.Helper()
	picture, err := png.Decode(bytes.NewReader(p))
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	small := image.NewPaletted(picture.Bounds(), palette(picture, 64))
	for y := range small.Rect.Max.Y {
		for x := range small.Rect.Max.X {
			small.Set(x, y, picture.At(x, y))
		}
	}
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(f, small); err != nil {
		t.Fatal(err)
	}
	info, err := f.Stat()
	if err != nil || info.Size() > 150<<10 {
		t.Errorf("the picture has %d bytes, error %v", info.Size(), err)
	}
	fmt.Println(name, info.Size(), "bytes")
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
