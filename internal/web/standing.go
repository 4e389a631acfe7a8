package web

import (
	"slices"
	"time"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/words"
)

// standing is how an account stands, in the one sentence that its seller reads first.
type standing struct {
	Words   string
	Mood    mood
	Waiting bool // it changes without the seller
}

// mood is how the sentence is coloured.
type mood string

const (
	good  mood = "good"
	warn  mood = "warn"
	bad   mood = "bad"
	plain mood = "plain"
)

func standingOf(l *words.Language, ready client.Readiness, platform string, at time.Time) standing {
	switch account.Status(ready.Status) {
	case account.Enabled:
		return standing{Words: l.Say("stands.enabled", nil), Mood: good}
	case account.RestrictedSoon:
		return threatened(l, ready, at)
	case account.InReview:
		return standing{Words: l.Say("stands.in_review", nil), Mood: warn, Waiting: true}
	case account.Rejected:
		return standing{Words: l.Say("stands.rejected", nil), Mood: bad}
	case account.Unsupported:
		return standing{Words: l.Say("stands.unsupported", nil), Mood: bad}
	case account.Incomplete:
		if has(ready, account.CodeNotChecked) {
			return standing{Words: l.Say("stands.not_checked", nil), Mood: plain, Waiting: true}
		}
		return standing{Words: l.Say("stands.incomplete", nil), Mood: warn}
	}
	return restricted(l, ready, platform)
}

func threatened(l *words.Language, ready client.Readiness, at time.Time) standing {
	if ready.AtRiskAt == nil || ready.AtRiskAt.Before(at) {
		return standing{Words: l.Say("stands.soon", nil), Mood: warn}
	}
	by := func(r client.Reason) bool { return r.Deadline != nil && !r.Deadline.After(*ready.AtRiskAt) }
	return standing{Words: l.Count("stands.soon_by", needed(ready, by), words.Args{"Day": l.Day(*ready.AtRiskAt)}), Mood: warn}
}

// restricted says who must act first, as the worst reason has it.
func restricted(l *words.Language, ready client.Readiness, platform string) standing {
	switch {
	case ready.CanTransact:
		return standing{Words: l.Say("stands.no_payouts", nil), Mood: warn}
	case len(ready.Reasons) > 0 && account.Who(ready.Reasons[0].Who) == account.Stripe:
		return standing{Words: l.Say("stands.waiting", nil), Mood: bad, Waiting: true}
	case len(ready.Reasons) > 0 && account.Who(ready.Reasons[0].Who) == account.Platform:
		return standing{Words: l.Say("stands.platform", words.Args{"Platform": platform}), Mood: bad, Waiting: true}
	}
	first := func(r client.Reason) bool { // and not what becomes due only later
		return slices.Contains(ready.Requirements.PastDue, r.Requirement) || slices.Contains(ready.Requirements.CurrentlyDue, r.Requirement)
	}
	if n := needed(ready, first); n > 0 {
		return standing{Words: l.Count("stands.restricted_by", n, nil), Mood: bad}
	}
	return standing{Words: l.Say("stands.restricted", nil), Mood: bad}
}

// needed is how much Stripe needs of what counts.
func needed(ready client.Readiness, counts func(client.Reason) bool) (n int) {
	for _, r := range ready.Reasons {
		if r.Requirement != "" && counts(r) {
			n++
		}
	}
	return n
}

func has(ready client.Readiness, code account.Code) bool {
	return slices.ContainsFunc(ready.Reasons, func(r client.Reason) bool { return account.Code(r.Code) == code })
}
