package main

import (
	"strings"
	"testing"

	"github.com/connectd/connectd/internal/app"
)

func TestBaseURL(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		baseURL string
		mode    app.Mode
		says    string // "" where it is taken
	}{
		{"", app.Test, ""},
		{"", app.Live, "is not set"},
		{"http://localhost:3001", app.Test, ""},
		{"http://shop.example.com", app.Live, "has to be https"},
		{"https://shop.example.com/", app.Live, ""},
		{"shop.example.com", app.Test, "is not an http or https URL"},
		{"ftp://shop.example.com", app.Test, "is not an http or https URL"},
		{"https://", app.Test, "is not an http or https URL"},
		{"https://shop.example.com?a=b", app.Test, "has more than"},
		{"https://user:hidden@shop.example.com", app.Test, "has more than"},
	} {
		wrong := checkBaseURL(c.baseURL, c.mode)
		switch {
		case c.says == "" && len(wrong) == 0:
		case c.says == "" || len(wrong) != 1:
			t.Errorf("%q: %v", c.baseURL, wrong)
		case !strings.Contains(wrong[0].Error(), c.says) || strings.Contains(wrong[0].Error(), "hidden"):
			t.Errorf("%q: %v, want %q", c.baseURL, wrong, c.says)
		}
	}
}
