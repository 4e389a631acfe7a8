package web_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/html/atom"

	"github.com/connectd/connectd/internal/account"
)

// TestHelpExplainsEveryWord that a page can show: each has its place there, to which pages lead, and a meaning.
func TestHelpExplainsEveryWord(t *testing.T) {
	t.Parallel()
	p := newSite(t).signedIn().get("/admin/help").want(http.StatusOK)
	meanings := map[string]string{}
	for _, div := range p.all(atom.Div) {
		if dds := within(div, atom.Dd); attr(div, "id") != "" && len(dds) == 1 {
			if meanings[attr(div, "id")] != "" {
				t.Errorf("%s is there twice", attr(div, "id"))
			}
			meanings[attr(div, "id")] = textOf(dds[0])
		}
	}
	var needed []string
	for _, status := range account.Statuses() {
		needed = append(needed, "status-"+string(status))
	}
	needed = append(needed, constants(t, "../account/verdict.go", "Code", "reason-")...)
	needed = append(needed, constants(t, "../registry/observation.go", "Source", "source-")...)
	needed = append(needed, constants(t, "../mail/state.go", "State", "mail-")...)
	needed = append(needed, constants(t, "../mail/mail.go", "Kind", "kind-")...)
	needed = append(needed, "health-well", "health-failing", "health-off", "health-unused")
	for _, column := range []string{"seller_id", "id", "display_name", "country", "charges_enabled", "status", "requirements", "next_check_at"} {
		needed = append(needed, "column-"+column)
	}
	for _, anchor := range needed {
		if len(strings.Fields(meanings[anchor])) < 4 {
			t.Errorf("%s means %q", anchor, meanings[anchor])
		}
	}
	if len(needed) < 30 {
		t.Errorf("only %d words were looked for", len(needed))
	}
}

// constants reads the values of a type's constants from a file, so that one that is new is not forgotten.
func constants(t *testing.T, file, of, prefix string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for node := range ast.Preorder(parsed) {
		spec, ok := node.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			continue
		}
		named, ok := spec.Type.(*ast.Ident)
		value, isLiteral := spec.Values[0].(*ast.BasicLit)
		if !ok || named.Name != of || !isLiteral {
			continue
		}
		text, err := strconv.Unquote(value.Value)
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, prefix+text)
	}
	return found
}

// TestPagesExplainTheirWords where these stand, and lead to places that there are.
func TestPagesExplainTheirWords(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.connected("seller_1", "restricted")
	b := s.signedIn()
	b.get("/admin/accounts").shows("What these words mean", "Charges or payouts are off, or something that your policy requires is.", "The day on which a seller who can transact may lose that.")
	p := b.get("/admin/accounts/"+s.accountOf("seller_1")).shows("Restricted: Charges or payouts are off", "The moment, by Stripe’s clock", "Stripe sent an event")
	for path, meaning := range map[string]string{
		"/admin/mail": "The mail server has taken it.", "/admin/events": "It could not be read.", "/admin/scans": "Accounts are being checked.",
		"/admin/deliveries": "The endpoint answered that it has it", "/admin/endpoints": "Every attempt has failed since",
	} {
		b.get(path).shows("What these words mean", meaning)
	}
	help := b.get("/admin/help")
	places := map[string]bool{}
	for n := range help.root.Descendants() {
		places[attr(n, "id")] = true
	}
	led := 0
	for _, page := range []*page{p, help} {
		for _, a := range page.all(atom.A) {
			if place, ok := strings.CutPrefix(attr(a, "href"), "/admin/help#"); ok {
				led++
				if !places[place] {
					t.Errorf("there is no #%s on the help's page", place)
				}
			}
		}
	}
	if led < 2 {
		t.Errorf("only %d links lead to the help's page", led)
	}
}
