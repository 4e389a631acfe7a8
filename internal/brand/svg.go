package brand

import (
	"bytes"
	"encoding/xml"
	"math"
	"strconv"
	"strings"
	"unicode"
)

// sizeOfSVG is the size that the image asks for, or that of what it shows; 0 and 0 where it says neither.
func sizeOfSVG(content []byte) (width, height int) {
	var root struct {
		XMLName xml.Name `xml:"http://www.w3.org/2000/svg svg"`
		Width   string   `xml:"width,attr"`
		Height  string   `xml:"height,attr"`
		ViewBox string   `xml:"viewBox,attr"`
	}
	decoder := xml.NewDecoder(bytes.NewReader(content))
	decoder.Strict = false // what follows the root's attributes does not matter
	if decoder.Decode(&root) != nil {
		return 0, 0
	}
	if width, height = pixels(root.Width), pixels(root.Height); width > 0 && height > 0 {
		return width, height
	}
	if box := strings.FieldsFunc(root.ViewBox, func(r rune) bool { return unicode.IsSpace(r) || r == ',' }); len(box) == 4 {
		return pixels(box[2]), pixels(box[3])
	}
	return 0, 0
}

// pixels reads a length in CSS's pixels; 0 where it is in another unit.
func pixels(length string) int {
	v, err := strconv.ParseFloat(strings.TrimSuffix(length, "px"), 64)
	if err != nil || math.IsNaN(v) || v <= 0 || v > math.MaxInt16 {
		return 0
	}
	return max(1, int(v))
}
