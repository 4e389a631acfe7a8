package main

import (
	"html"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/connectd/connectd/internal/walktest"
)

// configured is a service in whose environment every secret is set, and what of these nobody may see.
func configured(t *testing.T, w walk) (env, secrets []string) {
	t.Helper()
	database, err := url.Parse(w.DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	inDatabase, _ := database.User.Password()
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, []byte(w.PlatformKey+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	signing, rotated := w.WebhookSecret, "whsec_abcdefghijklmnopqrstuvwxyz123456"
	env = []string{
		"DATABASE_URL=" + w.DatabaseURL, "CONNECTD_DATABASE_DIRECT_URL=" + w.DatabaseURL,
		"STRIPE_SECRET_KEY_FILE=" + key, "STRIPE_OAUTH_CLIENT_ID=" + w.ClientID, "STRIPE_ENDPOINT_SECRET=" + signing + "," + rotated,
		"STRIPE_API_BASE=" + w.SandboxURL, "STRIPE_CONNECT_BASE=" + w.SandboxURL,
		"CONNECTD_ADMIN_PASSWORD=plain-hidden-password", "CONNECTD_SMTP_URL=smtp://who-hidden:mail-hidden@127.0.0.1:1",
		"CONNECTD_PLATFORM_SUPPORT=https://shop.example/help", "CONNECTD_GAP=90m",
	}
	secrets = []string{
		inDatabase, w.PlatformKey, signing, rotated, "plain-hidden-password", "who-hidden", "mail-hidden",
	}
	return env, secrets
}

// TestSettingsPage has each setting of the service, as the command line has it, and no secret.
func TestSettingsPage(t *testing.T) {
	t.Parallel()
	_, ready := start(t, nil, demoArgs(t, "--sellers", "0")...)
	env, secrets := configured(t, walk{t, walktest.Walk{Ready: ready}})
	_, served := start(t, env, "serve", "--addr", "127.0.0.1:0", "--scan-brake", "7,3%")
	b := walktest.NewVisitor(t)
	b.Form(served.AdminURL, url.Values{"password": {"plain-hidden-password"}})
	page := b.Page(served.BaseURL + "/admin/settings")
	for _, flag := range flagsOfServe(t) {
		words := []string{">--" + flag.Name + "<", html.EscapeString(flag.Help)}
		for _, name := range flag.Envs {
			words = append(words, "<code>"+name+"</code>")
		}
		for _, w := range words {
			if !strings.Contains(strings.ReplaceAll(page, "&#43;", "+"), w) {
				t.Errorf("the page does not have %q", w)
			}
		}
	}
	says(t, strings.Join(strings.Fields(stripTags(page)), " "),
		"7,3% from the command line; the default is 20,1%", "1h30m from the environment; the default is 1h", "672h from the default",
		"set, hidden from the file that STRIPE_SECRET_KEY_FILE names", "set, hidden but for the host 127.0.0.1:1 from the environment",
		"STRIPE_PUBLISHABLE_KEY --stripe-publishable-key not set", "https://shop.example/help", "development from the default",
	)
	for _, at := range []string{"/admin/settings", "/statusz"} {
		page := b.Page(served.BaseURL + at)
		for _, secret := range secrets {
			if secret == "" || strings.Contains(page, secret) || strings.Contains(page, html.EscapeString(secret)) {
				t.Errorf("%s shows %q", at, secret)
			}
		}
	}
}

// flagsOfServe are all of the service's settings, as the command line knows them.
func flagsOfServe(t *testing.T) []*kong.Flag {
	t.Helper()
	parser, err := newParser()
	if err != nil {
		t.Fatal(err)
	}
	for _, node := range parser.Model.Children {
		if node.Name == "serve" {
			if len(node.Flags) < 30 {
				t.Fatalf("serve has %d flags", len(node.Flags))
			}
			return node.Flags
		}
	}
	t.Fatal("there is no serve")
	return nil
}

// stripTags leaves a page's text.
func stripTags(page string) string {
	var text strings.Builder
	for _, part := range strings.Split(page, "<") {
		_, after, _ := strings.Cut(part, ">")
		text.WriteString(after)
	}
	return html.UnescapeString(text.String())
}
