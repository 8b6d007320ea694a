package report

import (
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/paf-go/paf/cmd/paf/internal/load/record"
)

// html returns the page of a run.
func html(t *testing.T, r *record.Run) string {
	t.Helper()
	var b strings.Builder
	if err := Page(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// stored returns a run of testdata. These are real: "stall" of a server that stood still for 200 ms every 8 s, "before" and "after" of one whose
// handler slept for 3 ms, or 3.3 ms, on a machine that had other things to do as well.
func stored(t *testing.T, name string) *record.Run {
	t.Helper()
	r, err := record.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// The pages that are looked at.
func pages(t *testing.T) map[string]string {
	var b strings.Builder
	if err := ComparisonPage(&b, Compare(Named{"before.json", stored(t, "before")}, Named{"after.json", stored(t, "after")})); err != nil {
		t.Fatal(err)
	}
	return map[string]string{
		"stall": html(t, stored(t, "stall")),
		"plain": html(t, plain()), "rough": html(t, rough()), "brief": html(t, brief()), "nothing": html(t, nothing()), "lost": html(t, lost()), "compared": b.String(),
	}
}

// TestPagesInABrowser opens the pages in Chromium, light and dark, on a desk and on a phone, and measures what a reader would trip over.
func TestPagesInABrowser(t *testing.T) {
	b := openBrowser(t)
	kept := map[string]int{ // pictures for docs/load.md, and how much of them
		"stall, 1200 pixels wide, light": 1900, "stall, 1200 pixels wide, dark": 1900, "stall, 390 pixels wide, light": 1400, "stall, 390 pixels wide, dark": 1400,
		"compared, 1200 pixels wide, light": 1250,
	}
	for name, page := range pages(t) {
		if len(page) > 300<<10 {
			t.Errorf("%s: the page has %d bytes", name, len(page))
		}
		b.load(t, page)
		for _, view := range []struct {
			width, height int64
			colours       string
		}{{1200, 900, "light"}, {1200, 900, "dark"}, {390, 844, "light"}, {390, 844, "dark"}} {
			what := fmt.Sprintf("%s, %d pixels wide, %s", name, view.width, view.colours)
			b.show(t, view.width, view.height, view.colours)
			if width := evaluate[int64](t, b, "document.documentElement.scrollWidth"); width > view.width {
				t.Errorf("%s: the page is %d pixels wide", what, width)
			}
			if faults := evaluate[string](t, b, contrast); faults != "" {
				t.Errorf("%s: hard to read:\n%s", what, faults)
			}
			if faults := evaluate[string](t, b, collisions); faults != "" {
				t.Errorf("%s: labels over each other:\n%s", what, faults)
			}
			if dark := evaluate[bool](t, b, `getComputedStyle(document.body).backgroundColor == "rgb(13, 17, 23)"`); dark != (view.colours == "dark") {
				t.Errorf("%s: its ground is another", what)
			}
			if height := kept[what]; *update && height > 0 {
				file := fmt.Sprintf("load-%s-%s-%d.png", name, view.colours, view.width)
				writePicture(t, filepath.Join(pictures, file), do(t, b, chromedp.FullScreenshot(100)), height)
			}
		}
		if faults := evaluate[string](t, b, unnamed); faults != "" {
			t.Errorf("%s: without a name:\n%s", name, faults)
		}
		if n := evaluate[int](t, b, `performance.getEntriesByType("resource").length + document.scripts.length`); n != 0 {
			t.Errorf("%s: the page has %d scripts or parts that are loaded", name, n)
		}
	}
	if said := b.console(); said != "" {
		t.Errorf("the console says: %s", said)
	}
}

// pictures is where docs/load.md has its own.
const pictures = "../../../../../docs/pictures"

// contrast lists the texts that differ too little from their ground for WCAG 2.2, 1.4.3, and the lines of charts for 1.4.11.
const contrast = `(() => {
  const parse = c => c.match(/[\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = e => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c.length == 3 || c[3] == 1) return c; } return [255, 255, 255]; };
  const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
  const faults = [];
  for (const e of document.querySelectorAll("body *")) {
    const own = [...e.childNodes].some(n => n.nodeType == 3 && n.data.trim());
    const svg = e.closest("svg");
    if (own && !svg) {
      const r = ratio(parse(getComputedStyle(e).color), ground(e));
      if (r < 4.5) faults.push(r.toFixed(2) + ": " + e.tagName + " " + e.textContent.slice(0, 40));
    }
    if (e.matches(".stroke, .bar")) {
      const r = ratio(parse(getComputedStyle(e).color), ground(svg));
      if (r < 3) faults.push(r.toFixed(2) + ": " + e.getAttribute("class"));
    }
  }
  return faults.join("\n");
})()`

// collisions lists the labels of an axis that touch each other, or leave the page.
const collisions = `(() => {
  const faults = [];
  for (const axis of document.querySelectorAll(".x, .y")) {
    const shown = [...axis.children].filter(e => e.offsetWidth > 0);
    const boxes = shown.map(e => e.getBoundingClientRect());
    boxes.forEach((a, i) => {
      if (a.left < 0 || a.right > innerWidth) faults.push(shown[i].textContent + " is cut off");
      boxes.slice(i + 1).forEach((b, k) => {
        if (a.left < b.right + 2 && b.left < a.right + 2 && a.top < b.bottom - 3 && b.top < a.bottom - 3) faults.push(shown[i].textContent + " and " + shown[i + 1 + k].textContent);
      });
    });
  }
  return faults.join("\n");
})()`

// unnamed lists pictures, tables and regions without a name, columns without a heading, and a page without a language or a title.
const unnamed = `(() => {
  const faults = [];
  if (!document.documentElement.lang || !document.title) faults.push("the page");
  if (document.querySelectorAll("h1").length != 1) faults.push("h1");
  for (const e of document.querySelectorAll("svg:not([aria-hidden])"))
    if (e.getAttribute("role") != "img" || !e.getAttribute("aria-labelledby").split(" ").every(id => document.getElementById(id)?.textContent.trim())) faults.push("a picture");
  for (const e of document.querySelectorAll("table")) {
    if (!e.caption && !e.closest("[aria-label]")) faults.push("a table");
    if ([...e.tHead.rows[0].cells].some(c => c.scope != "col" || !c.textContent) || e.tHead.rows[0].cells.length != e.rows[1].cells.length) faults.push("columns");
  }
  for (const e of document.querySelectorAll("body *"))
    if (e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX == "auto" && (e.tabIndex != 0 || !e.ariaLabel)) faults.push("what scrolls without the keyboard");
  const ids = [...document.querySelectorAll("[id]")].map(e => e.id);
  if (new Set(ids).size != ids.length) faults.push("two of one id");
  return faults.join("\n");
})()`

// The numbers in a page are those of the run's file, as a program that knows neither package reads it.
func TestPageHasTheNumbersOfTheFile(t *testing.T) {
	b := openBrowser(t)
	for name, run := range map[string]*record.Run{"plain": plain(), "rough": rough(), "brief": brief(), "stall": stored(t, "stall")} {
		var text strings.Builder
		if err := run.Write(&text); err != nil {
			t.Fatal(err)
		}
		type histogram struct {
			Count int64              `json:"count"`
			Max   float64            `json:"max_ns"`
			Min   float64            `json:"min_ns"`
			MS    map[string]float64 `json:"ms"`
		}
		var file struct {
			Latency, Service, Connect, Handshake, Failed histogram
			FirstByte                                    histogram `json:"first_byte"`
			Statuses                                     map[string]int64
			Failures                                     map[string]struct {
				Count   int64
				Example string
			}
			Length float64 `json:"length_ns"`
		}
		if err := json.Unmarshal([]byte(text.String()), &file); err != nil {
			t.Fatal(err)
		}
		b.load(t, html(t, run))
		table := evaluate[map[string][]float64](t, b, `Object.fromEntries([...document.querySelectorAll("table.times tbody tr")].map(r =>
			[r.cells[0].firstChild.data, [...r.querySelectorAll("[data-value]")].map(c => Number(c.dataset.value))]))`)
		want := map[string]histogram{"Latency": file.Latency, "First byte": file.FirstByte, "Connecting": file.Connect}
		if file.Handshake.Count > 0 {
			want["TLS handshake"] = file.Handshake
		}
		if name == "rough" || name == "stall" {
			want["Service"], want["Failed"] = file.Service, file.Failed
		}
		if len(table) != len(want) {
			t.Errorf("%s: the table has %v", name, table)
		}
		for row, h := range want {
			figures := []float64{h.MS["min"] * 1e6, h.MS["mean"] * 1e6}
			for _, p := range []string{"p50", "p75", "p90", "p95", "p99", "p99.9", "p99.99"} {
				figures = append(figures, h.MS[p]*1e6)
			}
			figures = append(figures, h.Max, float64(h.Count))
			if !same(table[row], figures) {
				t.Errorf("%s: %s is %v in the page, %v in the file", name, row, table[row], figures)
			}
		}
		tiles := evaluate[map[string]float64](t, b, `Object.fromEntries([...document.querySelectorAll(".tiles div")].map(d =>
			[d.children[0].textContent, Number(d.children[1].dataset.value)]))`)
		for tile, figure := range map[string]float64{
			"Requests a second": float64(file.Latency.Count) / file.Length * 1e9, "Answered": float64(file.Latency.Count), "Failed": float64(file.Failed.Count),
			"Latency, 50 %": file.Latency.MS["p50"] * 1e6, "Latency, 99 %": file.Latency.MS["p99"] * 1e6, "Latency, 99.9 %": file.Latency.MS["p99.9"] * 1e6,
			"Slowest": file.Latency.Max,
		} {
			if !same([]float64{tiles[tile]}, []float64{figure}) {
				t.Errorf("%s: %s is %f in the page, %f in the file", name, tile, tiles[tile], figure)
			}
		}
		const rows = `Object.fromEntries([...document.querySelectorAll("%s tbody tr")].map(r => [r.cells[0].textContent, Number(r.cells[1].dataset.value)]))`
		statuses := evaluate[map[string]int64](t, b, fmt.Sprintf(rows, "#statuses"))
		if fmt.Sprint(statuses) != fmt.Sprint(file.Statuses) {
			t.Errorf("%s: the statuses are %v in the page, %v in the file", name, statuses, file.Statuses)
		}
		failures := evaluate[map[string]int64](t, b, fmt.Sprintf(rows, "#failures"))
		if len(failures) != len(file.Failures) {
			t.Errorf("%s: %v, %v", name, failures, file.Failures)
		}
		for kind, f := range file.Failures {
			if failures[kind] != f.Count {
				t.Errorf("%s: of %s there are %d in the page, %d in the file", name, kind, failures[kind], f.Count)
			}
		}
	}
}

// same reports whether figures are the same, but for the last bits of a conversion from milliseconds.
func same(a, b []float64) bool {
	for i := range a {
		if len(a) != len(b) || math.Abs(a[i]-b[i]) > math.Abs(b[i])*1e-9 {
			return false
		}
	}
	return len(a) == len(b)
}

// What a peer or a command line has a hand in stays text.
func TestHostileNamesAreText(t *testing.T) {
	b := openBrowser(t)
	const hostile = `"><script>document.title="taken"</script><img src=x onerror="document.title='taken'">'); --x: url(http://127.0.0.1:1/)</style>` + "\x1b[2J\x00\u202e"
	r := record.NewRecorder(record.Settings{
		Target: "javascript:" + hostile, Method: hostile, Protocol: hostile, Arrivals: hostile, Rate: 1, Options: map[string]string{hostile: hostile},
	}, began)
	s := r.Shard()
	s.Done(0, 0, 1, 2, 200, 1, 1)
	s.Failed(0, 1e9, hostile, fmt.Errorf("%s", hostile))
	run := r.Run(2e9)
	var compared strings.Builder
	if err := ComparisonPage(&compared, Compare(Named{hostile, run}, Named{hostile + "2", plain()})); err != nil {
		t.Fatal(err)
	}
	for _, page := range []string{html(t, run), compared.String()} {
		b.load(t, page)
		if title := evaluate[string](t, b, "document.title"); title == "taken" {
			t.Error("a script has run")
		}
		if n := evaluate[int](t, b, `document.querySelectorAll("script, img, a, [onerror], [href]").length`); n != 0 {
			t.Errorf("%d elements were made of texts", n)
		}
		if text := evaluate[string](t, b, "document.body.innerText"); strings.Count(text, `<img src=x onerror="document.title='taken'">`) < 3 {
			t.Errorf("the texts are not shown: %s", text)
		}
	}
	if said := b.console(); said != "" {
		t.Errorf("the console says: %s", said)
	}
	var text, live strings.Builder
	if err := Text(&text, run); err != nil {
		t.Fatal(err)
	}
	if err := Compare(Named{hostile, run}, Named{hostile, plain()}).Text(&text); err != nil {
		t.Fatal(err)
	}
	if err := NewLive(&live, nil).Show(r.Snapshot(1e9)); err != nil {
		t.Fatal(err)
	}
	if got := text.String() + live.String(); strings.ContainsAny(got, "\x1b\x00\u202e") {
		t.Errorf("a terminal would take orders: %q", got)
	}
}
