package web_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// browser keeps cookies, and follows a redirect only when told to.
type browser struct {
	t      testing.TB
	base   string
	from   string // its address, as a proxy says; "": this machine's
	client *http.Client
}

// at is the browser at another address.
func (b *browser) at(address string) *browser {
	b.from = address
	return b
}

func (s *site) browser() *browser {
	s.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return &browser{t: s.t, base: s.url, client: &http.Client{
		Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// signedIn is a browser whose user is signed in as the admin.
func (s *site) signedIn() *browser {
	s.t.Helper()
	b := s.browser()
	b.post("/admin/accounts", url.Values{"password": {password}}).want(http.StatusSeeOther)
	return b
}

// page is an answer, its body read.
type page struct {
	t testing.TB
	*http.Response
	body string
	root *html.Node
}

func (b *browser) get(at string) *page {
	b.t.Helper()
	return b.do(http.MethodGet, at, nil, nil)
}

func (b *browser) post(at string, form url.Values) *page {
	b.t.Helper()
	return b.do(http.MethodPost, at, strings.NewReader(form.Encode()), http.Header{
		"Content-Type": {"application/x-www-form-urlencoded"}, "Sec-Fetch-Site": {"same-origin"},
	})
}

func (b *browser) do(method, at string, body io.Reader, header http.Header) *page {
	b.t.Helper()
	if strings.HasPrefix(at, "/") {
		at = b.base + at
	}
	req, err := http.NewRequestWithContext(b.t.Context(), method, at, body)
	if err != nil {
		b.t.Fatal(err)
	}
	for name, values := range header {
		req.Header[name] = values
	}
	if b.from != "" {
		req.Header.Set("X-Forwarded-For", b.from)
	}
	res, err := b.client.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	root, err := html.Parse(strings.NewReader(string(text)))
	if err != nil {
		b.t.Fatal(err)
	}
	return &page{t: b.t, Response: res, body: string(text), root: root}
}

// grant is what a seller does from the page on: to Stripe, be this persona, and back. The answer is the callback's.
func (b *browser) grant(page, persona string) *page {
	b.t.Helper()
	return b.get(b.wayBack(page, persona))
}

// wayBack is the address that Stripe sends the browser to.
func (b *browser) wayBack(page, persona string) string {
	b.t.Helper()
	stripe := b.post(page+"/authorize", nil).want(http.StatusSeeOther).Header.Get("Location")
	return b.get(stripe + "&persona=" + persona).Header.Get("Location")
}

// connected makes a seller who has connected an account of the persona; the answer is the seller's page.
func (s *site) connected(sellerID, persona string) string {
	s.t.Helper()
	at := s.link(sellerID)
	s.browser().grant(at, persona).want(http.StatusSeeOther)
	return at
}

// accountOf is the account that the seller is connected with.
func (s *site) accountOf(sellerID string) string {
	s.t.Helper()
	held, ok, err := s.registry.HeldBy(s.t.Context(), sellerID)
	if err != nil || !ok {
		s.t.Fatalf("seller %s holds no account (%v)", sellerID, err)
	}
	return held.ID
}

func (p *page) want(status int) *page {
	p.t.Helper()
	if p.StatusCode != status {
		p.t.Fatalf("%s %s: %s, want %d\n%s\n%s", p.Request.Method, p.Request.URL.Path, p.Status, status, p.Header.Get("Location"), p.text())
	}
	return p
}

// shows holds that the page's text has the words.
func (p *page) shows(words ...string) *page {
	p.t.Helper()
	for _, w := range words {
		if !strings.Contains(p.text(), w) {
			p.t.Errorf("%s does not show %q:\n%s", p.Request.URL.Path, w, p.text())
		}
	}
	return p
}

func (p *page) hides(words ...string) *page {
	p.t.Helper()
	for _, w := range words {
		if strings.Contains(p.text(), w) {
			p.t.Errorf("%s shows %q:\n%s", p.Request.URL.Path, w, p.text())
		}
	}
	return p
}

// text is what a reader sees: runs of white space are one space.
func (p *page) text() string { return textOf(p.root) }

func (p *page) all(kind atom.Atom) []*html.Node { return within(p.root, kind) }

func within(root *html.Node, kind atom.Atom) []*html.Node {
	var found []*html.Node
	for n := range root.Descendants() {
		if n.DataAtom == kind {
			found = append(found, n)
		}
	}
	return found
}

// button finds the form whose button has the words; the answer is where it leads.
func (p *page) button(words string) string {
	p.t.Helper()
	for _, form := range p.all(atom.Form) {
		for _, b := range within(form, atom.Button) {
			if textOf(b) == words && attr(form, "method") == "post" {
				return attr(form, "action")
			}
		}
	}
	p.t.Fatalf("%s has no button %q:\n%s", p.Request.URL.Path, words, p.text())
	return ""
}

func (p *page) link(words string) string {
	p.t.Helper()
	for _, a := range p.all(atom.A) {
		if textOf(a) == words {
			return attr(a, "href")
		}
	}
	p.t.Fatalf("%s has no link %q:\n%s", p.Request.URL.Path, words, p.text())
	return ""
}

// rows are the texts of the table's cells.
func (p *page) rows() [][]string {
	p.t.Helper()
	bodies := p.all(atom.Tbody)
	if len(bodies) != 1 {
		p.t.Fatalf("%s has %d tables", p.Request.URL.Path, len(bodies))
	}
	var rows [][]string
	for _, tr := range within(bodies[0], atom.Tr) {
		var row []string
		for _, td := range within(tr, atom.Td) {
			row = append(row, textOf(td))
		}
		rows = append(rows, row)
	}
	return rows
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func textOf(root *html.Node) string {
	var words []string
	for n := range root.Descendants() {
		if n.Type == html.TextNode {
			words = append(words, n.Data)
		}
	}
	return strings.Join(strings.Fields(strings.Join(words, "")), " ")
}

// copyOf is another browser with the cookies that this one has now.
func (b *browser) copyOf() *browser {
	b.t.Helper()
	at, err := url.Parse(b.base)
	if err != nil {
		b.t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		b.t.Fatal(err)
	}
	jar.SetCookies(at, b.client.Jar.Cookies(at))
	client := *b.client
	client.Jar = jar
	return &browser{t: b.t, base: b.base, client: &client}
}
