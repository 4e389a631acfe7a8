package brand

import (
	"math"
	"os"
	"regexp"
	"testing"

	"pgregory.net/rapid"
)

func colours() *rapid.Generator[Colour] {
	return rapid.Custom(func(t *rapid.T) Colour {
		return Colour{rapid.Byte().Draw(t, "r"), rapid.Byte().Draw(t, "g"), rapid.Byte().Draw(t, "b")}
	})
}

// TestEveryColourIsRead as WCAG has it, on what is painted: colours of eight bits.
func TestEveryColourIsRead(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := colours().Draw(t, "colour")
		for scheme, p := range map[string]Palette{"light": c.Light(), "dark": c.Dark()} {
			grounds := map[string][]Colour{"light": lightGrounds[:], "dark": darkGrounds[:]}[scheme]
			if p.Fill != c {
				t.Fatalf("%s: the platform's colour %s is shown as %s", scheme, c, p.Fill)
			}
			if got := Contrast(p.Fill, p.OnFill); got < 4.5 {
				t.Fatalf("%s: %s on %s has %.2f", scheme, p.OnFill, p.Fill, got)
			}
			for _, ground := range grounds {
				if got := Contrast(p.Ink, ground); got < 4.5 {
					t.Fatalf("%s: %s on %s has %.2f", scheme, p.Ink, ground, got)
				}
				if got := Contrast(p.Edge, ground); got < 3 {
					t.Fatalf("%s: the edge %s on %s has %.2f", scheme, p.Edge, ground, got)
				}
			}
		}
	})
}

// TestColourThatCanBeReadStays: only what can't be read is changed.
func TestColourThatCanBeReadStays(t *testing.T) {
	t.Parallel()
	navy := Colour{0x1f, 0x2a, 0x6b}
	if p := navy.Light(); p.Ink != navy || p.Edge != navy || p.OnFill != white {
		t.Errorf("%+v", p)
	}
	yellow := Colour{0xff, 0xe6, 0x00}
	if p := yellow.Dark(); p.Ink != yellow || p.OnFill != black {
		t.Errorf("%+v", p)
	}
	if p := yellow.Light(); p.Ink == yellow || p.Edge == yellow {
		t.Errorf("%+v", p)
	}
}

func TestContrastIsWCAGs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b Colour
		want float64
	}{
		{black, white, 21},
		{white, white, 1},
		{Colour{0x77, 0x77, 0x77}, white, 4.48}, // known to fall just short of 4.5
		{Colour{0x76, 0x76, 0x76}, white, 4.54},
	} {
		if got := Contrast(c.a, c.b); math.Abs(got-c.want) > 0.005 || got != Contrast(c.b, c.a) {
			t.Errorf("%s on %s: %.3f, want %.2f", c.a, c.b, got, c.want)
		}
	}
}

func TestColoursAreWrittenAsInCSS(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := colours().Draw(t, "colour")
		if back, err := ParseColour(c.String()); err != nil || back != c {
			t.Fatalf("%s is read as %s (%v)", c, back, err)
		}
	})
	for _, text := range []string{"", "#", "red", "#fff", "3b4cca", "#3b4ccg", "#3b4ccaff", "#+b4cca", "#-1b4cc", "# b4cca"} {
		if c, err := ParseColour(text); err == nil {
			t.Errorf("%q is read as %s", text, c)
		}
	}
}

// TestGroundsAreThoseOfTheStyleSheet: contrast is computed against what is painted.
func TestGroundsAreThoseOfTheStyleSheet(t *testing.T) {
	t.Parallel()
	css, err := os.ReadFile("../web/assets/seller.css")
	if err != nil {
		t.Fatal(err)
	}
	var painted []Colour
	for _, found := range regexp.MustCompile(`--(?:ground|paper): (#[0-9a-f]{6});`).FindAllStringSubmatch(string(css), -1) {
		c, err := ParseColour(found[1])
		if err != nil {
			t.Fatal(err)
		}
		painted = append(painted, c)
	}
	want := append(lightGrounds[:len(lightGrounds):len(lightGrounds)], darkGrounds[:]...)
	if len(painted) != len(want) {
		t.Fatalf("the style sheet paints %v, and %v is reckoned with", painted, want)
	}
	for i := range want {
		if painted[i] != want[i] {
			t.Errorf("the style sheet paints %s, and %s is reckoned with", painted[i], want[i])
		}
	}
}
