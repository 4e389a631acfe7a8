package web_test

import (
	"crypto/sha256"
	"net/http"
	"strings"
	"testing"
)

// reminded is a seller with a reminder whose page of ends is returned.
func (s *site) reminded(sellerID string) string {
	s.t.Helper()
	s.link(sellerID)
	token := "token-of-" + sellerID
	sum := sha256.Sum256([]byte(token))
	s.exec("insert into mails (id, seller_id, cause, kind, created_at) values ($1, $2, 'due', 'reminder', '2026-03-01')", "mail_"+sellerID, sellerID)
	s.exec("insert into mail_unsubscribe_tokens (token_hash, mail_id) values ($1, $2)", sum[:], "mail_"+sellerID)
	return "/mail/unsubscribe/" + token
}

func TestRemindersEndOnAPage(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	at := s.reminded("s1")
	for range 2 { // programs look at it too
		asked := s.browser().get(at).want(http.StatusOK)
		for _, words := range []string{"No more reminders?", `<form method="post" action="` + at + `">`, "Stop reminders"} {
			if !strings.Contains(asked.body, words) {
				t.Errorf("the page does not say %q:\n%s", words, asked.body)
			}
		}
	}
	if n := s.count("select count(*) from mail_optouts"); n != 0 {
		t.Fatalf("looking has ended reminders")
	}
	done := s.browser().post(at, nil).want(http.StatusOK)
	if !strings.Contains(done.body, "You get no more reminders") || !strings.Contains(done.body, `href="`+at+`?lang=zh-Hans"`) {
		t.Error(done.body)
	}
	if n := s.count("select count(*) from mail_optouts where seller_id = 's1' and kind = 'reminder'"); n != 1 {
		t.Errorf("%d are kept", n)
	}
	if chinese := s.browser().reading("zh-CN", at); !strings.Contains(chinese.body, "不再接收提醒") {
		t.Error(chinese.body)
	}
	if log := s.logs.String(); strings.Contains(log, "token-of-s1") {
		t.Error("the token is in the log")
	}
}

// TestMailProgramsEndReminders by the one request of RFC 8058, from wherever they are, without a cookie.
func TestMailProgramsEndReminders(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for seller, header := range map[string]http.Header{
		"by-a-server":  {"Content-Type": {"application/x-www-form-urlencoded"}},
		"by-a-browser": {"Content-Type": {"application/x-www-form-urlencoded"}, "Origin": {"https://mail.example"}, "Sec-Fetch-Site": {"cross-site"}},
		"as-multipart": {"Content-Type": {"multipart/form-data; boundary=x"}},
	} {
		body := "List-Unsubscribe=One-Click"
		if seller == "as-multipart" {
			body = "--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--x--\r\n"
		}
		at := s.reminded(seller)
		for range 2 {
			s.browser().do(http.MethodPost, at, strings.NewReader(body), header).want(http.StatusOK)
		}
		if n := s.count("select count(*) from mail_optouts where seller_id = '" + seller + "'"); n != 1 {
			t.Errorf("%s: %d are kept", seller, n)
		}
	}
}

func TestWhatEndsNoReminders(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.browser().get("/mail/unsubscribe/unknown").want(http.StatusNotFound)
	s.browser().post("/mail/unsubscribe/unknown", nil).want(http.StatusNotFound)
}

// TestSellersLanguageIsKeptForMails, and nothing of who has looked.
func TestSellersLanguageIsKeptForMails(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	page := s.link("s1")
	kept := func(tag string) int {
		return s.count("select count(*) from seller_languages where seller_id = 's1' and language = '" + tag + "'")
	}
	s.browser().reading("zh-CN", page).want(http.StatusOK)
	if kept("zh-Hans") != 1 {
		t.Error("the language that was shown is not kept")
	}
	s.browser().get(page + "?lang=en").want(http.StatusOK)
	if kept("en") != 1 {
		t.Error("the language that was chosen is not kept")
	}
}
