package web

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/connectd/connectd/internal/words"
)

// chart is a picture of figures, which stand in a table beside it: axes with their words, a line or bars, nothing that only a
// colour tells apart. It is drawn for each width that it is shown at, since words would shrink with it.
type chart struct {
	ID            string // of all charts of the page
	Title, About  string
	Size          string // the class of the screens that it is for
	Width, Height int
	Left, Right   int // where the figures begin and end
	Rungs         []rung
	Dates         []mark
	Area, Line    string // paths
	End           *mark  // the line's last point
	Bars          []bar
	Notes         []mark
}

// rung is a line across, with its number.
type rung struct {
	Y     float64
	Words string
	Base  bool // the line that bars stand on
}

// mark is a place with words. Anchor is the side of the words that is there.
type mark struct {
	X, Y   float64
	Words  string
	Anchor string
}

// bar has a kind, which is a pattern and a colour.
type bar struct {
	X, Y, Width, Height float64
	Kind, Words         string
}

const (
	slim   = 340
	half   = 440
	broad  = 920
	margin = 24 // below, for dates
	above  = 18 // for what stands over the figures
)

// drawn are the sizes of a chart: for telephones, and for screens on which it is so wide.
func drawn(wide int, draw func(c *chart)) []chart {
	charts := []chart{{Size: "on-slim", Width: slim, Height: 200}, {Size: "on-wide", Width: wide, Height: 220}}
	for i := range charts {
		c := &charts[i]
		draw(c)
		c.ID += "-" + c.Size
	}
	return charts
}

// scale says where numbers are on a chart's height.
type scale struct {
	low, high, step int64
	top, bottom     float64
}

// scaleOf holds both numbers, in steps that people count in.
func scaleOf(low, high int64, top, bottom float64) scale {
	s := scale{top: top, bottom: bottom, step: 1}
	for rough, tens := float64(high-low)/4, int64(1); float64(s.step) < rough; {
		for _, of := range []int64{1, 2, 5, 10} {
			if s.step = of * tens; float64(s.step) >= rough {
				break
			}
		}
		tens *= 10
	}
	s.low = int64(math.Floor(float64(low)/float64(s.step))) * s.step
	s.high = int64(math.Ceil(float64(high)/float64(s.step))) * s.step
	if s.high == s.low {
		s.high += s.step
	}
	return s
}

func (s scale) y(n int64) float64 {
	return tenth(s.bottom - (s.bottom-s.top)*float64(n-s.low)/float64(s.high-s.low))
}

// ladder draws the numbers of the scale; below zero they are counted downwards.
func (c *chart) ladder(s scale) {
	longest := 0
	for n := s.low; n <= s.high; n += s.step {
		r := rung{Y: s.y(n), Words: number(max(n, -n)), Base: n == 0}
		c.Rungs = append(c.Rungs, r)
		longest = max(longest, len(r.Words))
	}
	c.Left, c.Right = 12+8*longest, c.Width-8
}

// room is the height that the figures have.
func (c *chart) room() (top, bottom float64) { return above, float64(c.Height - margin) }

// slot is where the i-th of n lies across, and how wide its place is.
func (c *chart) slot(i, n int) (x, width float64) {
	width = float64(c.Right-c.Left) / float64(n)
	return tenth(float64(c.Left) + width*float64(i)), tenth(width)
}

// dates writes some of the days below, the last one among them, each with room for its words.
func (c *chart) dates(days []time.Time) {
	const apart, widest = 80, 48
	every := max(1, int(math.Ceil(float64(len(days))*apart/float64(c.Right-c.Left))))
	for i := len(days) - 1; i >= 0; i -= every {
		x, width := c.slot(i, len(days))
		m := mark{X: tenth(x + width/2), Y: float64(c.Height - 6), Words: days[i].Format("2 Jan"), Anchor: "middle"}
		if m.X > float64(c.Right-widest/2) {
			m.X, m.Anchor = float64(c.Right), "end"
		}
		if m.X > float64(c.Left+widest/2) {
			c.Dates = append(c.Dates, m)
		}
	}
}

// through draws a line from number to number.
func (c *chart) through(s scale, numbers []int64) {
	var line strings.Builder
	var x, y, first float64
	for i, n := range numbers {
		at, width := c.slot(i, len(numbers))
		x, y = tenth(at+width/2), s.y(n)
		verb := "L"
		if i == 0 {
			verb, first = "M", x
		}
		fmt.Fprintf(&line, "%s%v %v", verb, x, y)
	}
	c.Line = line.String()
	c.Area = fmt.Sprintf("%sL%v %vL%v %vZ", c.Line, x, s.bottom, first, s.bottom)
	last := numbers[len(numbers)-1]
	c.End = &mark{X: x, Y: y, Words: number(last)}
}

// stand draws a bar from zero to the number.
func (c *chart) stand(s scale, i, of int, n int64, kind, words string) {
	if n == 0 {
		return
	}
	x, width := c.slot(i, of)
	top, bottom := s.y(max(n, 0)), s.y(min(n, 0))
	gap := min(2, width/5)
	c.Bars = append(c.Bars, bar{
		X: tenth(x + gap/2), Width: tenth(width - gap), Y: top, Height: max(1, tenth(bottom-top)), Kind: kind, Words: words,
	})
}

func tenth(f float64) float64 { return math.Round(f*10) / 10 }

// number is n with its thousands apart.
func number(n int64) string { return words.English().Number(n) }
