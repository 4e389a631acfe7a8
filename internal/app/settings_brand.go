package app

import (
	"unicode"
	"unicode/utf8"

	"github.com/connectd/connectd/internal/brand"
)

// BrandSettings say what the platform looks like on its sellers' page.
type BrandSettings struct {
	PlatformName    string `name:"platform-name" env:"CONNECTD_PLATFORM_NAME" placeholder:"NAME" help:"What sellers call the platform, on their page."`
	PlatformLogo    string `name:"platform-logo" env:"CONNECTD_PLATFORM_LOGO" placeholder:"FILE" help:"Its logo: a PNG, JPEG, GIF or SVG file of at most 24 KB, or an https URL."`
	PlatformColour  string `name:"platform-colour" env:"CONNECTD_PLATFORM_COLOUR" placeholder:"#RRGGBB" help:"Its colour; text stays readable whatever it is."`
	PlatformSupport string `name:"platform-support" env:"CONNECTD_PLATFORM_SUPPORT" placeholder:"ADDRESS" help:"Where sellers get help: an e-mail address or an https URL."`
}

const longestName = 60 // characters; it stands in the middle of sentences

// Check refuses what can't be used.
func (s BrandSettings) Check() []error {
	_, wrong := s.read()
	return wrong
}

// Brand is what the settings, which have been checked, say. The logo is read from its file.
func (s BrandSettings) Brand() (brand.Brand, error) {
	b, wrong := s.read()
	if len(wrong) > 0 {
		return brand.Brand{}, wrong[0] // the file, which was there when the settings were checked
	}
	return b, nil
}

func (s BrandSettings) read() (b brand.Brand, wrong []error) {
	var err error
	if !isName(s.PlatformName) {
		wrong = append(wrong, setting("CONNECTD_PLATFORM_NAME", "is longer than 60 characters, or holds some that can't be shown", "Kiln & Co"))
	}
	b.Name = s.PlatformName
	if b.Logo, err = brand.ReadLogo(s.PlatformLogo); err != nil {
		wrong = append(wrong, setting("CONNECTD_PLATFORM_LOGO", err.Error(), "/etc/connectd/logo.svg"))
	}
	if s.PlatformColour != "" {
		colour, err := brand.ParseColour(s.PlatformColour)
		if err != nil {
			wrong = append(wrong, setting("CONNECTD_PLATFORM_COLOUR", "is not #rrggbb", "#3b4cca"))
		}
		b.Colour = &colour
	}
	if b.Support, err = brand.ParseSupport(s.PlatformSupport); err != nil {
		wrong = append(wrong, setting("CONNECTD_PLATFORM_SUPPORT", err.Error(), "help@shop.example.com"))
	}
	return b, wrong
}

func isName(name string) bool {
	for _, r := range name {
		if !unicode.IsPrint(r) {
			return false
		}
	}
	return utf8.ValidString(name) && utf8.RuneCountInString(name) <= longestName
}
