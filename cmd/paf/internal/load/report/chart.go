package report

import (
	"math"
	"strconv"
	"strings"
)

// A chart is drawn on a ground of 1000 by 1000 that is stretched to whatever room there is; the words about it are not part of the picture.
type chart struct {
	ID      string
	Title   string
	About   string // one sentence, for those who read and for those who hear
	Y, X    []tick
	XName   string
	Low     bool     // less high than others
	Lines   []stroke // over the bars
	Bars    []box
	Columns []box // what is said about a part of the ground when it is pointed at
	Legend  []key
}

// A stroke is a line, and the area below it if it has one.
type stroke struct {
	Class string
	D     string // a path of SVG
	Area  string
}

// A box is a rectangle.
type box struct {
	Class      string
	X, Y, W, H string
	Tip        string
}

// A key says what a class of lines or boxes stands for.
type key struct{ Class, Name string }

// ground is the width and height that is drawn on.
const ground = 1000

// coordinate writes a place on the ground.
func coordinate(v float64) string {
	return strings.TrimSuffix(strings.TrimRight(strconv.FormatFloat(v*ground, 'f', 1, 64), "0"), ".")
}

// Grid is a path with a line at each tick.
func (c *chart) Grid() string {
	var b strings.Builder
	for _, t := range c.Y {
		b.WriteString("M0 " + coordinate(1-t.place) + "H" + strconv.Itoa(ground))
	}
	for _, t := range c.X {
		b.WriteString("M" + coordinate(t.place) + " 0V" + strconv.Itoa(ground))
	}
	return b.String()
}

// A point is one of a line: both from 0 to 1, y from the bottom. A line breaks where y is not a number.
type point struct{ x, y float64 }

// line is a path through points. Of points that lie too close together to be told apart, one is enough.
func path(points []point) string {
	const close = 1.5 / ground
	var b strings.Builder
	last, broken := point{-1, -1}, true
	for i, p := range points {
		if math.IsNaN(p.y) {
			broken = true
			continue
		}
		near := math.Abs(p.x-last.x) < close && math.Abs(p.y-last.y) < close
		if near && !broken && i+1 < len(points) && !math.IsNaN(points[i+1].y) {
			continue
		}
		command := "L"
		if broken {
			command = "M"
		}
		b.WriteString(command + coordinate(p.x) + " " + coordinate(1-p.y))
		last, broken = p, false
	}
	return b.String()
}

// steps is the outline of columns, and the area that they fill.
func steps(edges []float64, heights []float64) (outline, area string) {
	var b strings.Builder
	for i, h := range heights {
		command := "L"
		if i == 0 {
			command = "M"
		}
		b.WriteString(command + coordinate(edges[i]) + " " + coordinate(1-h) + "H" + coordinate(edges[i+1]))
	}
	if len(heights) == 0 {
		return "", ""
	}
	bottom := strconv.Itoa(ground)
	return b.String(), b.String() + "V" + bottom + "H" + coordinate(edges[0]) + "Z"
}

// column is a box over the whole height, about which something is said.
func column(from, to float64, tip string) box {
	return box{X: coordinate(from), Y: "0", W: coordinate(to - from), H: strconv.Itoa(ground), Tip: tip}
}

// standing is a box on the bottom. What is not nothing is seen.
func standing(class string, from, to, height float64) box {
	if height > 0 {
		height = max(height, 0.008)
	}
	return box{Class: class, X: coordinate(from), Y: coordinate(1 - height), W: coordinate(to - from), H: coordinate(height)}
}
