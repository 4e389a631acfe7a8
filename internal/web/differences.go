package web

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/connectd/connectd/client"
)

// differences say in words what of readiness changed beside the status.
func differences(before, after client.Readiness) []string {
	return slices.Concat(switched(before, after), identified(before, after), required(before.Requirements, after.Requirements))
}

func switched(before, after client.Readiness) []string {
	var what []string
	for _, fact := range []struct {
		was, is bool
		off, on string
	}{
		{before.CanTransact, after.CanTransact, "can no longer transact", "can transact"},
		{before.CanAcceptPayments, after.CanAcceptPayments, "payments off", "payments on"},
		{before.CanReceivePayouts, after.CanReceivePayouts, "payouts off", "payouts on"},
		{before.AllowUnlink, after.AllowUnlink, "unlink no longer offered", "unlink offered"},
	} {
		switch {
		case fact.was && !fact.is:
			what = append(what, fact.off)
		case fact.is && !fact.was:
			what = append(what, fact.on)
		}
	}
	return what
}

func identified(before, after client.Readiness) []string {
	var what []string
	for _, fact := range []struct {
		name    string
		was, is *string
	}{
		{"name", before.DisplayName, after.DisplayName},
		{"country", before.Country, after.Country},
		{"currency", before.Currency, after.Currency},
	} {
		if was, is := client.Text(fact.was), client.Text(fact.is); was != is {
			what = append(what, fmt.Sprintf("%s: %s → %s", fact.name, orNone(was), orNone(is)))
		}
	}
	return what
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

// required says what of the requirements came and what went.
func required(before, after client.Requirements) []string {
	wasDue, isDue := slices.Concat(before.PastDue, before.CurrentlyDue), slices.Concat(after.PastDue, after.CurrentlyDue)
	what := slices.Concat(
		each(without(after.PastDue, before.PastDue), "past due"),
		each(without(after.CurrentlyDue, slices.Concat(wasDue, after.PastDue)), "due"),
		each(without(unique(wasDue), isDue), "no longer due"),
		each(without(after.PendingVerification, before.PendingVerification), "being verified"),
	)
	for _, e := range after.Errors {
		if !slices.Contains(before.Errors, e) {
			what = append(what, "Stripe says: "+cmp.Or(e.Reason, e.Code))
		}
	}
	if !sameTime(before.CurrentDeadline, after.CurrentDeadline) {
		what = append(what, "deadline: "+dayOrNone(before.CurrentDeadline)+" → "+dayOrNone(after.CurrentDeadline))
	}
	if was, is := client.Text(before.DisabledReason), client.Text(after.DisabledReason); was != is {
		what = append(what, "Stripe’s reason: "+orNone(was)+" → "+orNone(is))
	}
	if len(what) == 0 && !sameLists(before, after) {
		what = append(what, "what else Stripe needs")
	}
	return what
}

func each(codes []string, state string) []string {
	words := make([]string, 0, len(codes))
	for _, code := range codes {
		words = append(words, requirementWords(code)+": "+state)
	}
	return words
}

func unique(codes []string) []string {
	codes = slices.Sorted(slices.Values(codes))
	return slices.Compact(codes)
}

func sameLists(a, b client.Requirements) bool {
	return slices.Equal(a.EventuallyDue, b.EventuallyDue) && slices.Equal(a.PendingVerification, b.PendingVerification) &&
		slices.Equal(a.Errors, b.Errors)
}

func dayOrNone(t *time.Time) string {
	if t == nil {
		return "none"
	}
	return day(*t)
}

func sameTime(a, b *time.Time) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Equal(*b)
}
