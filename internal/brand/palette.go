package brand

import "fmt"

var (
	black = Colour{}
	white = Colour{0xff, 0xff, 0xff}
)

// What WCAG 2.2 AA asks for: of text (1.4.3), and of what one has to see to use a page, an outline say (1.4.11).
const (
	textContrast  = 4.5
	shapeContrast = 3.0
)

// Palette is what a platform's colour becomes in one of a page's schemes.
type Palette struct {
	// Fill is the colour itself, under OnFill; Edge sets it off from the page where it is too much like it.
	Fill, OnFill, Edge Colour
	// Ink is the colour of links and of the focus, as near to the platform's as can be read on the grounds.
	Ink Colour
}

// Light and Dark are the palettes on the grounds that the style sheet has in each scheme.
func (c Colour) Light() Palette { return c.palette(black, lightGrounds[:]) }

// Dark is Light for who prefers dark pages.
func (c Colour) Dark() Palette { return c.palette(white, darkGrounds[:]) }

// The grounds on which seller.css sets text, by scheme; a test reads them there.
var (
	lightGrounds = [...]Colour{{0xf6, 0xf7, 0xf9}, white}
	darkGrounds  = [...]Colour{{0x12, 0x15, 0x1c}, {0x1a, 0x1e, 0x27}}
)

func (c Colour) palette(towards Colour, grounds []Colour) Palette {
	return Palette{
		Fill: c, OnFill: readable(c), Edge: c.against(grounds, towards, shapeContrast), Ink: c.against(grounds, towards, textContrast),
	}
}

// readable is black or white, whichever is read better: one of them always has 4.58 or more.
func readable(on Colour) Colour {
	if Contrast(on, white) >= Contrast(on, black) {
		return white
	}
	return black
}

// against is c, moved towards black or white until it has the contrast with all grounds.
func (c Colour) against(grounds []Colour, towards Colour, contrast float64) Colour {
	for step := range 100 {
		moved := c.towards(towards, step)
		if leastContrast(moved, grounds) >= contrast {
			return moved
		}
	}
	return towards
}

func leastContrast(c Colour, grounds []Colour) float64 {
	least := Contrast(c, grounds[0])
	for _, ground := range grounds[1:] {
		least = min(least, Contrast(c, ground))
	}
	return least
}

// CSS sets the palettes' custom properties; the style sheet follows it.
func (c Colour) CSS() string {
	return ":root{" + c.Light().properties() + "}\n@media (prefers-color-scheme:dark){:root{" + c.Dark().properties() + "}}\n"
}

func (p Palette) properties() string {
	return fmt.Sprintf("--fill:%s;--on-fill:%s;--edge:%s;--ink-of-brand:%s", p.Fill, p.OnFill, p.Edge, p.Ink)
}
