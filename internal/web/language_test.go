package web_test

import (
	"net/http"
	"strings"
	"testing"

	"golang.org/x/net/html/atom"

	"github.com/connectd/connectd/internal/onboarding"
	"github.com/connectd/connectd/internal/words"
)

// reading is a browser whose user prefers languages, as Accept-Language lists them.
func (b *browser) reading(languages, at string) *page {
	b.t.Helper()
	return b.do(http.MethodGet, at, nil, http.Header{"Accept-Language": {languages}})
}

func (p *page) language() string { return attr(p.all(atom.Html)[0], "lang") }

func TestSellersPageIsInTheReadersLanguage(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	at := s.connected("seller_1", "document_failed")
	for languages, want := range map[string]string{
		"": "en", "en-IE,en;q=0.9": "en", "zh-CN,zh;q=0.9,en;q=0.8": "zh-Hans", "fr-FR,fr;q=0.9": "en", "fr,zh;q=0.5": "zh-Hans",
	} {
		p := s.browser().reading(languages, at).want(http.StatusOK)
		if got := p.language(); got != want || p.Header.Get("Content-Language") != want {
			t.Errorf("%q reads %s, said to be %q", languages, got, p.Header.Get("Content-Language"))
		}
	}
	s.browser().reading("zh", at).shows("已关联：", "公司身份证明文件 已逾期", "无法辨认文件。", "打开您的 Stripe 管理平台", "提现 否")
	s.browser().reading("zh", at).hides("Connected", "Past due", "document", "The ")
}

// TestLanguageThatIsChosenIsRemembered without a script, and by nothing but its name.
func TestLanguageThatIsChosenIsRemembered(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	at, b := s.link("seller_1"), s.browser()
	choice := b.get(at).link("简体中文")
	chosen := b.get(choice).want(http.StatusOK)
	if chosen.language() != "zh-Hans" {
		t.Fatalf("the choice is answered in %s", chosen.language())
	}
	cookies := chosen.Cookies()
	if len(cookies) != 1 || cookies[0].Value != "zh-Hans" || !cookies[0].HttpOnly || cookies[0].Path != "/" || cookies[0].MaxAge < 1 {
		t.Errorf("remembered as %v", cookies)
	}
	if p := b.reading("en", at); p.language() != "zh-Hans" || p.link("English") != at+"?lang=en" {
		t.Errorf("forgotten: %s", p.language())
	}
	b.get(b.get(at).link("English"))
	if p := b.reading("zh", at); p.language() != "en" {
		t.Errorf("changed back, it is in %s", p.language())
	}
	for _, odd := range []string{"xx", "../../x", "%00", "zh-Hans%0d%0aX: y", "ZH-HANS"} {
		if p := s.browser().get(at + "?lang=" + odd); p.StatusCode == http.StatusOK && len(p.Cookies()) > 0 {
			t.Errorf("%s is remembered: %v", odd, p.Cookies())
		}
	}
}

// TestChoosingALanguageStaysWhereItIs: on what asks back, on errors, and on the way back from Stripe.
func TestChoosingALanguageStaysWhereItIs(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	at, b := s.connected("seller_1", "unsupported"), s.browser()
	b.get(b.get(at+"?confirm=unlink").link("简体中文")).shows("解除关联 ", "保留").button("解除关联")

	denied := s.link("seller_2")
	p := s.browser().grant(denied, "deny").shows("You did not connect")
	if to := p.link("简体中文"); strings.Contains(to, denied) {
		t.Errorf("the link holds the token: %s", to)
	}
	other := s.browser()
	back := other.wayBack(denied, "deny")
	other.get(other.get(back).link("简体中文")).shows("您没有在 Stripe 关联账户").button("关联 Stripe")

	s.control("platforms/"+s.sandbox.Platform().Account, `{"oauth":false}`)
	refused := other.post(denied+"/authorize", nil).want(http.StatusConflict).shows("未完成", "请告知平台")
	if to := refused.link("English"); to != denied+"?lang=en" {
		t.Errorf("after a form it leads to %s", to)
	}
	other.get("/connect/nothing").want(http.StatusNotFound).shows("此链接无效", "请向让您来到此处的平台索取新链接")
}

// TestErrorsOfOnboardingAreSaidInEveryLanguage: a seller meets each on a page of their own language.
func TestErrorsOfOnboardingAreSaidInEveryLanguage(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, l := range words.Languages()[1:] {
		at, b := s.linkWith(onboarding.LinkParams{SellerID: "seller_" + l.Tag()}), s.browser()
		b.get(at + "?lang=" + l.Tag())
		for name, p := range map[string]*page{
			"no state":     b.get("/oauth/callback"),
			"forged state": b.get("/oauth/callback?state=forged&code=x"),
			"odd code":     b.get(withQuery(t, b.wayBack(at, "complete"), "code", "")),
			"nothing":      b.get("/connect/nothing"),
			"forgotten":    b.get("/oauth/mended"),
			"foreign form": b.do(http.MethodPost, at+"/authorize", nil, http.Header{"Sec-Fetch-Site": {"cross-site"}}),
		} {
			text := strings.NewReplacer("English", "", "Stripe", "", "state", "", "https", "", "localhost", "", "Not", "").Replace(textOf(p.all(atom.Main)[0]))
			if p.StatusCode < http.StatusBadRequest || p.language() != l.Tag() || strings.ContainsAny(text, "abcdefghijklmnopqrstuvwxyz") {
				t.Errorf("%s: %s, in %s: %s", name, p.Status, p.language(), textOf(p.all(atom.Main)[0]))
			}
		}
	}
}
