// Package brand is what a platform looks like on its sellers' page: its name, its logo, its colour and where its support is.
//
// It may import the standard library alone. Its one rule: whatever the colour, text is read on it and in it at WCAG's
// contrast.
package brand

import (
	"fmt"
	"math"
	"strconv"
)

// Colour is one of sRGB's, of eight bits a channel.
type Colour struct{ R, G, B uint8 }

// ParseColour reads #rrggbb.
func ParseColour(text string) (Colour, error) {
	if len(text) != 7 || text[0] != '#' {
		return Colour{}, fmt.Errorf("%q is not #rrggbb", text)
	}
	n, err := strconv.ParseUint(text[1:], 16, 24)
	if err != nil {
		return Colour{}, fmt.Errorf("%q is not #rrggbb", text)
	}
	return Colour{R: uint8(n >> 16 & 0xff), G: uint8(n >> 8 & 0xff), B: uint8(n & 0xff)}, nil
}

// String is the colour as CSS has it.
func (c Colour) String() string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }

// Contrast is WCAG's of two colours, from 1 to 21 (w3.org/TR/WCAG22/#dfn-contrast-ratio).
func Contrast(a, b Colour) float64 {
	la, lb := a.luminance(), b.luminance()
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

// luminance is WCAG's relative luminance (w3.org/TR/WCAG22/#dfn-relative-luminance).
func (c Colour) luminance() float64 {
	return 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
}

func linear(channel uint8) float64 {
	v := float64(channel) / 255
	if v <= 0.04045 {
		return v / 12.92
	}
	return math.Pow((v+0.055)/1.055, 2.4)
}

// towards is a step of hundredths from c to other.
func (c Colour) towards(other Colour, hundredths int) Colour {
	mix := func(a, b uint8) uint8 {
		return uint8((int(a)*(100-hundredths) + int(b)*hundredths + 50) / 100) //nolint:gosec // between a and b
	}
	return Colour{mix(c.R, other.R), mix(c.G, other.G), mix(c.B, other.B)}
}
