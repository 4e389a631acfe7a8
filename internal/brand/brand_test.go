package brand

import (
	"bytes"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func file(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLogosThatAreTaken(t *testing.T) {
	t.Parallel()
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 60, 20))); err != nil {
		t.Fatal(err)
	}
	const head = `<?xml version="1.0"?><!-- a logo --><svg xmlns="http://www.w3.org/2000/svg" `
	for _, c := range []struct {
		at, kind, origin string
		width, height    int
	}{
		{file(t, "logo.png", picture.Bytes()), "image/png", "", 60, 20},
		{file(t, "logo.SVG", []byte(head+`width="120px" height="40"/>`)), "image/svg+xml", "", 120, 40},
		{file(t, "logo.svg", []byte(head+`width="100%" height="100%" viewBox="0 0 32.5 16"><path d="M0 0"/></svg>`)), "image/svg+xml", "", 32, 16},
		{file(t, "lines.svg", []byte(head+"viewBox=\"0,0\n64\t32\"/>")), "image/svg+xml", "", 64, 32},
		{"https://cdn.example.com:8443/logo.png?v=2", "", "https://cdn.example.com:8443", 0, 0},
	} {
		logo, err := ReadLogo(c.at)
		if err != nil {
			t.Errorf("%s: %v", c.at, err)
			continue
		}
		if logo.Type != c.kind || logo.Width != c.width || logo.Height != c.height || logo.Origin() != c.origin || !logo.Given() {
			t.Errorf("%s: %s of %d × %d, from %q", c.at, logo.Type, logo.Width, logo.Height, logo.Origin())
		}
	}
	if none, err := ReadLogo(""); err != nil || none.Given() {
		t.Errorf("%+v, %v", none, err)
	}
}

func TestLogosThatAreRefused(t *testing.T) {
	t.Parallel()
	for at, want := range map[string]string{
		"http://cdn.example.com/logo.png":          "neither an https URL nor a file",
		"https://who:why@cdn.example.com/l.png":    "neither an https URL nor a file",
		"https://cdn.example.com;script-src/l.png": "neither an https URL nor a file",
		"https://*/l.png":                          "neither an https URL nor a file",
		t.TempDir():                                "not a file that can be read whole",
		"/dev/zero":                                "not a file that can be read whole",
		file(t, "nan.svg", []byte(`<svg xmlns="http://www.w3.org/2000/svg" width="NaN" height="NaN"/>`)):                      "pages can't keep room",
		file(t, "flat.svg", []byte(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 0 40"/>`)):                           "pages can't keep room",
		file(t, "style.svg", []byte(`<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><style>a{}</style></svg>`)): "<style>",
		filepath.Join(t.TempDir(), "nothing.png"):                                                                             "can't be read",
		file(t, "large.png", make([]byte, largestLogo+1)):                                                                     "24577 bytes",
		file(t, "page.html", []byte("<html>")):                                                                                "not a PNG",
		file(t, "odd.svg", []byte("<svg/>")):                                                                                  "pages can't keep room",
		file(t, "boundless.svg", []byte(`<svg xmlns="http://www.w3.org/2000/svg" width="2em"/>`)):                             "pages can't keep room",
	} {
		if _, err := ReadLogo(at); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", at, err)
		}
	}
}

func TestWhereSupportIs(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Support{
		"":                                {},
		"help@shop.example":               {"help@shop.example", "mailto:help@shop.example"},
		"https://shop.example/help/":      {"shop.example/help", "https://shop.example/help/"},
		"https://shop.example/help?q=pay": {"shop.example/help", "https://shop.example/help?q=pay"},
	} {
		if got, err := ParseSupport(text); err != nil || got != want {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"http://shop.example", "javascript:alert(1)", "Help <help@shop.example>", "+353 1 234", "https://"} {
		if got, err := ParseSupport(text); err == nil {
			t.Errorf("%q is read as %+v", text, got)
		}
	}
}
