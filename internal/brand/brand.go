package brand

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	_ "image/gif"  // logos may be these
	_ "image/jpeg" // likewise
	_ "image/png"  // likewise
	"net/http"
	"net/mail"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Brand is what a platform looks like; the zero Brand is that of a platform which has said nothing.
type Brand struct {
	Name    string // "": none is told
	Logo    Logo
	Colour  *Colour // nil: it has chosen none
	Support Support
}

// Default is the colour of who has chosen none.
var Default = Colour{0x3b, 0x4c, 0xca}

// Shade is the platform's colour, or the one of who has chosen none.
func (b Brand) Shade() Colour {
	if b.Colour == nil {
		return Default
	}
	return *b.Colour
}

// Support is where a seller gets help: an e-mail address or an https page; the zero Support is nowhere.
type Support struct {
	Words string // what is shown
	URL   string // where it leads
}

// ParseSupport reads an e-mail address or an https URL.
func ParseSupport(text string) (Support, error) {
	if text == "" {
		return Support{}, nil
	}
	if u, err := url.Parse(text); err == nil && u.Scheme == "https" && u.Host != "" && u.User == nil {
		return Support{Words: strings.TrimSuffix(u.Host+u.Path, "/"), URL: u.String()}, nil
	}
	if address, err := mail.ParseAddress(text); err == nil && address.Address == text {
		return Support{Words: text, URL: (&url.URL{Scheme: "mailto", Opaque: url.PathEscape(text)}).String()}, nil
	}
	return Support{}, errors.New("is neither an e-mail address nor an https URL")
}

// Logo is an image that connectd serves, or one of another origin; the zero Logo is none.
type Logo struct {
	Content []byte // nil: it is of another origin
	Type    string // of the content: image/png …
	URL     string // "" where connectd serves it
	// Width and Height are the image's own; both 0 where they are not known, as of another origin's. Pages keep room for it.
	Width, Height int
}

// Given reports whether there is a logo.
func (l Logo) Given() bool { return l.Content != nil || l.URL != "" }

// Origin is where the browser has to ask for the logo, "" where it is connectd's own or none.
func (l Logo) Origin() string {
	u, err := url.Parse(l.URL)
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// largestLogo keeps a seller's whole page under 50 KB: it is opened on telephones, on slow lines.
const largestLogo = 24 << 10

// ofURL is all that a logo's host may be: it stands in the pages' Content-Security-Policy, where ; begins something else and *
// stands for any.
var ofURL = regexp.MustCompile(`^[A-Za-z0-9.-]+(:[0-9]+)?$`)

// ReadLogo reads an https URL as where the logo is, and anything else as the path of a PNG, JPEG, GIF or SVG file.
func ReadLogo(at string) (Logo, error) {
	if at == "" {
		return Logo{}, nil
	}
	if u, err := url.Parse(at); err == nil && u.Host != "" {
		if u.Scheme != "https" || u.User != nil || !ofURL.MatchString(u.Host) {
			return Logo{}, errors.New("is neither an https URL nor a file")
		}
		return Logo{URL: u.String()}, nil
	}
	switch file, err := os.Stat(at); {
	case err != nil:
		return Logo{}, fmt.Errorf("can't be read: %w", err)
	case !file.Mode().IsRegular():
		return Logo{}, errors.New("is not a file that can be read whole")
	case file.Size() > largestLogo:
		return Logo{}, fmt.Errorf("has %d bytes, and a logo has at most %d", file.Size(), largestLogo)
	}
	content, err := os.ReadFile(at) //nolint:gosec // the operator names it
	if err != nil {
		return Logo{}, fmt.Errorf("can't be read: %w", err)
	}
	return newLogo(filepath.Ext(at), content)
}

func newLogo(extension string, content []byte) (Logo, error) {
	logo := Logo{Content: content, Type: http.DetectContentType(content)}
	switch {
	case strings.EqualFold(extension, ".svg"):
		logo.Type = "image/svg+xml"
		logo.Width, logo.Height = sizeOfSVG(content)
		switch {
		case bytes.Contains(content, []byte("<style")):
			return Logo{}, errors.New("is an SVG with a <style>, which the pages' policy forbids: write its colours as attributes")
		case logo.Width == 0 || logo.Height == 0:
			return Logo{}, errors.New("is an SVG without width and height or a viewBox, so that pages can't keep room for it")
		}
	default:
		size, _, err := image.DecodeConfig(bytes.NewReader(content))
		if err != nil || size.Height == 0 {
			return Logo{}, errors.New("is not a PNG, JPEG, GIF or SVG image")
		}
		logo.Width, logo.Height = size.Width, size.Height
	}
	return logo, nil
}
