package sandbox_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/connectd/connectd/internal/sandbox"
)

func TestAccountLinkIsWalkedOnce(t *testing.T) {
	t.Parallel()
	s := start(t)
	rec := s.receiver(always(http.StatusOK))
	var made struct{ ID string }
	s.api(http.MethodPost, "/v1/accounts", "type=express&metadata[k]=v").into(t, &made)
	link := s.link(made.ID)
	if a := s.press(link, url.Values{"persona": {"complete"}}); a.status != http.StatusSeeOther ||
		a.header.Get("Location") != "https://p.example/return" {
		t.Errorf("%d, to %q", a.status, a.header.Get("Location"))
	}
	e := rec.next()
	if e.Type != "account.updated" || e.Data.Object["details_submitted"] != true || e.Data.Object["type"] != "express" {
		t.Errorf("event: %s", e.Body)
	}
	if k := s.object(made.ID)["metadata"].(map[string]any)["k"]; k != "v" {
		t.Errorf("metadata is gone")
	}
	if a := s.press(link, url.Values{"persona": {"complete"}}); a.status != http.StatusGone {
		t.Errorf("second walk: %d", a.status)
	}
	stale := s.link(made.ID)
	s.control("/sandbox/clock", `{"advance":"1h"}`)
	if a := s.do(s.request(http.MethodGet, stale, "")); a.header.Get("Location") != "https://p.example/refresh" {
		t.Errorf("expired link: %d, to %q", a.status, a.header.Get("Location"))
	}
}

func TestLoginLinksAreOfExpressAccounts(t *testing.T) {
	t.Parallel()
	s := start(t)
	var seller, login struct{ ID, URL string }
	s.api(http.MethodPost, "/v1/accounts", "type=express").into(t, &seller)
	s.api(http.MethodPost, "/v1/accounts/"+seller.ID+"/login_links", "").into(t, &login)
	a := s.do(s.request(http.MethodGet, strings.TrimPrefix(login.URL, s.URL()), ""))
	if a.status != http.StatusSeeOther || !strings.Contains(a.header.Get("Location"), seller.ID) {
		t.Errorf("%d, to %q", a.status, a.header.Get("Location"))
	}
	if a := s.api(http.MethodPost, "/v1/accounts/"+s.account("complete")+"/login_links", ""); a.status != http.StatusBadRequest {
		t.Errorf("standard account: %d %s", a.status, a.body)
	}
}

func TestMailIsReadAsItsReaderWould(t *testing.T) {
	t.Parallel()
	s := start(t)
	const message = "From: connectd <a@b.example>\r\nTo: =?utf-8?q?J=C3=B6?= <jo@shop.example>\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n" +
		"MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n" +
		"--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nOne =C3=B6 line\r\n" +
		"--b\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\nPHA+T25lPC9wPg==\r\n--b--\r\n"
	if err := s.AddMessage(t.Context(), []string{"jo@shop.example"}, strings.NewReader(message)); err != nil {
		t.Fatal(err)
	}
	var mails []sandbox.Mail
	s.do(s.request(http.MethodGet, "/sandbox/mail", "")).into(t, &mails)
	if len(mails) != 1 {
		t.Fatalf("mails: %+v", mails)
	}
	m := mails[0]
	if m.To != "jo@shop.example" || m.Subject != "Grüße" || strings.TrimSpace(m.Text) != "One ö line" || m.HTML != "<p>One</p>" ||
		m.Headers["From"] != "connectd <a@b.example>" || m.At.IsZero() {
		t.Errorf("mail: %+v", m)
	}
	if page := s.do(s.request(http.MethodGet, "/mail", "")); !strings.Contains(page.body, "Grüße") {
		t.Errorf("page: %s", page.body)
	}
	shown := s.do(s.request(http.MethodGet, "/mail/0", ""))
	if shown.body != "<p>One</p>" || !strings.HasPrefix(shown.header.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("HTML: %v %s", shown.header, shown.body)
	}
	if err := s.AddMessage(t.Context(), nil, strings.NewReader("no header\r\n")); err == nil {
		t.Error("what is no message was taken")
	}
}
