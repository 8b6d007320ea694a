package conformance

import (
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paf-go/paf/internal/testkit"
)

// chromium runs headless Chromium on a page with more flags, and returns what it prints.
func chromium(t *testing.T, url string, flags ...string) string {
	t.Helper()
	args := []string{"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync",
		"--user-data-dir=" + t.TempDir(), "--window-size=800,600", "--virtual-time-budget=5000"}
	c := exec.Command(testkit.Need(t, "chromium"), append(append(args, flags...), url)...)
	out, err := c.Output()
	if err != nil {
		t.Fatalf("chromium: %v", err)
	}
	return string(out)
}

func TestBrowserShowsTheDemo(t *testing.T) {
	p := serve(t)
	if dom := chromium(t, p.url("/"), "--dump-dom"); !strings.Contains(dom, "paf's demo application") {
		t.Errorf("the page is %q", dom)
	}
}

// A page of several files, one of which a script fetches and another it posts to.
const page = `<!doctype html><html><head><title>paf</title><link rel="stylesheet" href="style.css"></head>
<body><h1>one</h1><img src="square.svg"><p id="out">nothing yet</p><script src="script.js"></script></body></html>`

const script = `Promise.all([fetch("data.txt"), fetch("data.txt", {headers: {Range: "bytes=2-4"}}), fetch("missing")])
 .then(async ([whole, part, missing]) => {
  document.getElementById("out").textContent = [whole.status, await whole.text(), part.status, await part.text(), missing.status].join(" ");
 });`

func TestBrowserLoadsAPageOfManyFiles(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"index.html": page, "script.js": script, "style.css": "body { background: #204060; color: white }", "data.txt": "0123456789",
		"square.svg": `<svg xmlns="http://www.w3.org/2000/svg" width="100" height="100"><rect width="100" height="100" fill="#f00"/></svg>`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	p := serve(t, dir)
	if dom := chromium(t, p.url("/"), "--dump-dom"); !strings.Contains(dom, "200 0123456789 206 234 404") {
		t.Errorf("the script has made of the page: %s", dom)
	}
	shot := filepath.Join(t.TempDir(), "shot.png")
	chromium(t, p.url("/"), "--screenshot="+shot)
	f, err := os.Open(shot)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	picture, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	colours := map[[3]uint32]int{}
	for y := picture.Bounds().Min.Y; y < picture.Bounds().Max.Y; y++ {
		for x := picture.Bounds().Min.X; x < picture.Bounds().Max.X; x++ {
			r, g, b, _ := picture.At(x, y).RGBA()
			colours[[3]uint32{r >> 8, g >> 8, b >> 8}]++
		}
	}
	if blue, red := colours[[3]uint32{0x20, 0x40, 0x60}], colours[[3]uint32{0xff, 0, 0}]; blue < 100_000 || red < 9_000 {
		t.Errorf("the style's ground covers %d pixels, the picture's square %d", blue, red)
	}
}
