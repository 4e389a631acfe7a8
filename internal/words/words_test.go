package words_test

import (
	"strings"
	"testing"
	"time"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/words"
)

var chinese = words.Choose("zh-Hans", "")

func TestTheReadersLanguage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ chosen, wanted, want string }{
		{"", "", "en"},
		{"", "en-GB,en;q=0.9", "en"},
		{"", "zh-CN,zh;q=0.9,en;q=0.8", "zh-Hans"},
		{"", "zh", "zh-Hans"},
		{"", "zh-TW", "zh-Hans"}, // nearer than English
		{"", "fr,zh-SG;q=0.5", "zh-Hans"},
		{"", "fr", "en"},
		{"", "en,zh;q=0.9", "en"},
		{"", "no language at all; q=?", "en"},
		{"", "zh-CN,zh;q=0.9,xx;q=0.5", "zh-Hans"},
		{"", "zh-CN,POSIX", "zh-Hans"},
		{"", "C,zh;q=0.5", "zh-Hans"},
		{"", "?,,zh", "zh-Hans"},
		{"", "en;q=0.1,zh;q=0.9,xx", "zh-Hans"},
		{"", strings.Repeat("xx,", 31) + "zh", "zh-Hans"},
		{"", strings.Repeat("xx,", 32) + "zh", "en"}, // nobody reads as many
		{"", strings.Repeat("x", 1<<20) + ",zh", "zh-Hans"},
		{"en", "zh-CN", "en"},
		{"zh-Hans", "en", "zh-Hans"},
		{"ZH-hans", "en", "zh-Hans"},
		{"xx", "zh", "zh-Hans"},
		{"../../etc", "en", "en"},
	} {
		if got := words.Choose(c.chosen, c.wanted).Tag(); got != c.want {
			t.Errorf("chosen %q, wanted %q: %s, want %s", c.chosen, c.wanted, got, c.want)
		}
	}
	if first := words.Languages()[0]; first != words.English() || first.Name() != "English" || chinese.Name() != "简体中文" {
		t.Errorf("%s, %s", first.Name(), chinese.Name())
	}
}

func TestDatesAreWrittenAsTheReaderDoes(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 3, 23, 30, 0, 0, time.FixedZone("", -3600))
	for _, c := range []struct {
		in          *words.Language
		day, moment string
	}{
		{words.English(), "4 November 2026", "4 November 2026 00:30 UTC"},
		{chinese, "2026年11月4日", "2026年11月4日 00:30（UTC）"},
	} {
		if got := c.in.Day(at); got != c.day {
			t.Errorf("%q, want %q", got, c.day)
		}
		if got := c.in.Moment(at); got != c.moment {
			t.Errorf("%q, want %q", got, c.moment)
		}
	}
}

func TestMoneyIsWrittenAsTheReaderDoes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		amount       int64
		code, en, zh string
	}{
		{123456, "usd", "$1,234.56", "US$1,234.56"},
		{5, "eur", "€0.05", "€0.05"},
		{1500, "jpy", "¥1,500", "JP¥1,500"},
		{100000, "cny", "CN¥1,000.00", "￥1,000.00"},
		{1234567, "kwd", "KWD\u00a01,234.567", "KWD\u00a01,234.567"},
		{-500, "gbp", "−£5.00", "−£5.00"},
		{500, "isk", "ISK\u00a05.00", "ISK\u00a05.00"},
		{0, "chf", "CHF\u00a00.00", "CHF\u00a00.00"},
		{100, "zzz", "ZZZ\u00a01.00", "ZZZ\u00a01.00"},
	} {
		if en, zh := words.English().Money(c.amount, c.code), chinese.Money(c.amount, c.code); en != c.en || zh != c.zh {
			t.Errorf("%d %s: %q and %q, want %q and %q", c.amount, c.code, en, zh, c.en, c.zh)
		}
	}
}

func TestRequirementsAreSaidInWords(t *testing.T) {
	t.Parallel()
	for code, want := range map[string][2]string{
		"external_account":                    {"A bank account for payouts", "用于收取提现的银行账户"},
		"company.tax_id":                      {"Tax number of the company", "公司的税号"},
		"individual.dob.day":                  {"Date of birth (day) of the account holder", "账户持有人的出生日期（日）"},
		"representative.id_number":            {"Identification number of the representative", "企业代表的身份证件号码"},
		"person_1AbC9z.verification.document": {"An identity document of a person of the business", "企业相关人员的身份证明文件"},
		"company.verification.document":       {"A document that proves the company’s identity", "公司身份证明文件"},
		"interv_1AbC.business_model.form":     {"An answer to Stripe’s review: business model: form", "对 Stripe 审核的答复：business model: form"},
		"individual.full_name_aliases":        {"Full name aliases of the account holder", "账户持有人的Full name aliases"},
		"interview":                           {"Interview", "Interview"},
		"new_thing.some_part":                 {"New thing: some part", "New thing: some part"},
		"company":                             {"Company", "Company"},
		"":                                    {"", ""},
	} {
		if en, zh := words.English().Requirement(code), chinese.Requirement(code); en != want[0] || zh != want[1] {
			t.Errorf("%q is %q and %q, want %q", code, en, zh, want)
		}
	}
}

func TestWhyADocumentFailed(t *testing.T) {
	t.Parallel()
	const reason = "The document could not be read."
	for _, c := range []struct {
		in        *words.Language
		e         client.RequirementError
		said, tag string
	}{
		{words.English(), client.RequirementError{Code: "verification_document_not_readable", Reason: reason}, reason, "en"},
		{words.English(), client.RequirementError{Code: "verification_document_too_large"}, "The file is too large. Send a smaller one.", "en"},
		{chinese, client.RequirementError{Code: "verification_document_not_readable", Reason: reason}, "无法辨认文件。请上传清晰完整的图片。", "zh-Hans"},
		{chinese, client.RequirementError{Code: "something_new", Reason: reason}, reason, "en"},
		{chinese, client.RequirementError{Code: "something_new"}, "Something new", "en"},
	} {
		if said, tag := c.in.Fault(c.e); said != c.said || tag != c.tag {
			t.Errorf("%+v: %q in %s", c.e, said, tag)
		}
	}
}

func TestReasonsAreSaidToTheSeller(t *testing.T) {
	t.Parallel()
	country, other, odd := "BR", "other", "rejected.anew"
	of := client.Readiness{Country: &country, Requirements: client.Requirements{DisabledReason: &other}}
	rejected := client.Readiness{Requirements: client.Requirements{DisabledReason: &odd}}
	for _, c := range []struct {
		code   account.Code
		of     client.Readiness
		en, zh string
	}{
		{account.CodeCountryUnsupported, of, "Accounts in Brazil are not supported here. You can connect another account.", "此处不支持巴西的账户。您可以关联其他账户。"},
		{
			account.CodePayoutsDisabled, of, "Stripe has switched payouts off. Stripe does not tell why here. If it lasts, its support can tell you.",
			"Stripe 已关闭提现功能。Stripe 未在此说明原因；如持续如此，您可以咨询 Stripe 客服。",
		},
		{account.CodeChargesDisabled, client.Readiness{}, "Stripe has switched charges off.", "Stripe 已关闭收款功能。"},
		{account.CodeRejected, rejected, "The account was rejected (rejected.anew).", "该账户已被拒绝（rejected.anew）。"},
		{"a_new_code", of, "As it was judged.", "As it was judged."},
	} {
		r := client.Reason{Code: string(c.code), Message: "As it was judged."}
		if en, zh := words.English().Reason(r, c.of), chinese.Reason(r, c.of); en != c.en || zh != c.zh {
			t.Errorf("%s: %q and %q", c.code, en, zh)
		}
	}
}

// TestWhatConnectdJudgesHasWords in every language: statuses, reasons and who must act.
func TestWhatConnectdJudgesHasWords(t *testing.T) {
	t.Parallel()
	for _, l := range words.Languages() {
		said := map[string]account.Status{}
		for _, status := range account.Statuses() {
			w := l.Status(string(status))
			if other, twice := said[w]; twice || w == string(status) {
				t.Errorf("%s: %s is said as %q, as %q is", l.Tag(), status, w, other)
			}
			said[w] = status
		}
		if len(said) != 9 {
			t.Errorf("%d statuses, want 9", len(said))
		}
		for _, code := range []account.Code{
			account.CodeNotConnected, account.CodeDisconnected, account.CodeNotChecked, account.CodeRejected,
			account.CodeCountryUnsupported, account.CodeCurrencyUnsupported, account.CodeDetailsMissing, account.CodeChargesDisabled,
			account.CodePayoutsDisabled, account.CodeCapabilityInactive, account.CodeRequirementPastDue, account.CodeRequirementDue,
			account.CodeInReview, account.CodeStale, account.CodeNotConfirmed,
		} {
			if l.Reason(client.Reason{Code: string(code)}, client.Readiness{}) == "" {
				t.Errorf("%s has no words for %s", l.Tag(), code)
			}
		}
		for _, who := range []account.Who{account.Seller, account.Platform, account.Stripe} {
			if l.Who(string(who)) == "" {
				t.Errorf("%s has no words for who: %s", l.Tag(), who)
			}
		}
	}
}

// TestANameTurnsNoSentence: one may be written from right to left, and is not to turn what follows it.
func TestANameTurnsNoSentence(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"a\u202eb": "ab", "\u2067متجر\u2069": "متجر", "Kiln": "Kiln"} {
		for _, l := range words.Languages() {
			if got := l.Say("unlink.ask", words.Args{"Name": name}); got != l.Say("unlink.ask", words.Args{"Name": want}) {
				t.Errorf("%s: %q", l.Tag(), got)
			}
		}
		if got := words.English().Say("connect.former", words.Args{"Account": name}); !strings.HasPrefix(got, want+" is not") {
			t.Errorf("%q", got)
		}
	}
}

func TestThingsAreCounted(t *testing.T) {
	t.Parallel()
	by := words.Args{"Day": "Friday"}
	for n, want := range map[int][2]string{
		1:    {"Stripe needs one thing from you by Friday", "在Friday前提供 1 项资料"},
		2:    {"Stripe needs 2 things from you by Friday", "在Friday前提供 2 项资料"},
		1234: {"Stripe needs 1,234 things from you by Friday", "在Friday前提供 1,234 项资料"},
	} {
		en, zh := words.English().Count("stands.soon_by", n, by), chinese.Count("stands.soon_by", n, by)
		if !strings.Contains(en, want[0]) || !strings.Contains(zh, want[1]) || len(by) != 1 {
			t.Errorf("%d: %q and %q", n, en, zh)
		}
	}
}
