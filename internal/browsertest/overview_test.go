package browsertest

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/connectd/connectd/internal/waittest"
	"github.com/jackc/pgx/v5/pgxpool"
)

// overviewOfAYear opens the overview of a platform that has been there for a year: its figures, as the ticks of a year would have
// left them.
func overviewOfAYear(query string) func(*testing.T, pages, tab) {
	return func(t *testing.T, p pages, b tab) {
		p.liveAYear(t)
		b.open("/admin" + query)
		b.counts(`document.querySelector("#starts") && document.body.innerText.includes("The link was not opened")`)
	}
}

func (p pages) liveAYear(t *testing.T) {
	t.Helper()
	p.exec(t,
		`insert into daily_turns select current_date - i, 2 + i * 7 % 5 + i % 90 / 20, case when i % 41 = 3 then 31 else i * 5 % 4 end
			from generate_series(1, 360) i on conflict do nothing`,
		`insert into daily_causes (day, kind, code, disabled_reason, requirement, source, sellers, newest)
			select current_date - c.ago, c.kind, c.code, c.disabled_reason, c.requirement, c.source, c.sellers,
				array(select position from account_changes order by position desc limit c.sellers)
			from (values
				(1, 'unable', 'charges_disabled', 'requirements.past_due', 'individual.verification.document', 'webhook', 12),
				(1, 'unable', 'disconnected', '', '', 'webhook', 2), (1, 'unable', 'rejected', 'rejected.fraud', '', 'scan', 1),
				(2, 'due', '', '', 'individual.verification.document', '', 31), (3, 'due', '', '', 'company.tax_id', '', 8),
				(3, 'due', '', '', 'person_any.id_number', '', 3)
			) c (ago, kind, code, disabled_reason, requirement, source, sellers)
			on conflict do nothing`,
		`insert into sellers (id, created_at, version) select 'year-' || i, current_date - 80, case when i % 3 > 0 then 1 else 0 end
			from generate_series(1, 300) i on conflict do nothing`,
		`insert into onboarding_links (id, token_hash, seller_id, may_unlink, created_at, expires_at, first_used_at)
			select 'link_year' || i, sha256(convert_to('year' || i, 'UTF8')), 'year-' || i, true, at, at + interval '1 day',
				case when i % 4 > 0 then at + i * interval '7 minutes' end
			from (select i, current_date - i % 80 - interval '1 day' as at from generate_series(1, 300) i) l on conflict do nothing`,
		`insert into seller_starts (seller_id, connected_at, detailed_at, able_at, code, disabled_reason, requirement)
			select 'year-' || i, at, case when i % 5 > 0 then at end, case when i % 5 > 1 then at + i * interval '11 minutes' end,
				case when i % 5 = 0 then 'details_missing' when i % 5 = 1 then 'charges_disabled' else '' end,
				case when i % 5 = 1 then 'requirements.past_due' else '' end, case when i % 5 = 1 then 'individual.verification.document' else '' end
			from (select i, current_date - i % 80 - interval '1 day' + i * interval '9 minutes' as at from generate_series(1, 300) i) s
			where i % 3 > 0 on conflict do nothing`,
		`update overview set starts_due_at = 'epoch'`,
	)
}

func (p pages) exec(t *testing.T, statements ...string) {
	t.Helper()
	pool, err := pgxpool.New(t.Context(), p.DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	for _, sql := range statements {
		if _, err := pool.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", strings.TrimSpace(sql)[:40], err)
		}
	}
}

// readOverview: what broke is told with its cause while one looks, and leads to the account and to the table.
func (p pages) readOverview(t *testing.T) {
	b := p.tab(t)
	b.open("/admin")
	b.shows("sellers can transact", "Turns to a no if nobody acts")
	b.press("#days summary")
	b.do(chromedp.Evaluate[chromedp.Void](`window.stays = true`))
	p.patch(t, "complete-2", "", `{"charges_enabled":false}`)
	b.counts(`window.stays && document.querySelector("#broke").parentElement.innerText.includes("complete-2")`)
	if !look[bool](b, `document.querySelector("#days").open`) {
		t.Error("the table that was open has closed")
	}
	p.patch(t, "complete-2", "", `{"charges_enabled":true}`)
	b.counts(`[...document.querySelectorAll("#broke ~ .scroll li")].some((li) => /^complete-2\s+Enabled/.test(li.innerText))`)
	b.press(".tiles li:nth-child(3) a")
	b.shows("Connected accounts", "restricted_soon")
	b.do(chromedp.NavigateBack())
	b.open(look[string](b, `document.querySelector("#overview .newest a").getAttribute("href")`))
	b.shows("History")
}

// counts waits until the overview shows what has been counted: within seconds, on a machine that is not busy.
func (b tab) counts(expression string) {
	b.t.Helper()
	waittest.Within(b.t, 90*time.Second, expression, func() bool {
		holds, err := value[bool](b, expression)
		return err == nil && holds
	})
}
