package web

import (
	"slices"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/mail"
	"github.com/connectd/connectd/internal/registry"
)

// ideas are the words that all the others are explained by.
func ideas() topic {
	return topic{Name: "word", Title: "The words of these pages", Terms: []term{
		{"seller", "Seller", "Somebody who sells on your platform, under the id that your platform gave them. A seller holds one connected account at a time."},
		{"account", "Account", "A seller’s own account at Stripe (acct_…), connected to your platform by Stripe Connect. Payments are made on it."},
		{"connection", "Connection", "One seller holding one account, from the day on which it was connected until it is disconnected. Former ones are kept."},
		{"facts", "Facts", "What Stripe says of an account at one moment: whether charges and payouts are on, what it still asks for, the country and so on. connectd does not guess: what Stripe has not said is never taken for a yes."},
		{"verdict", "Verdict", "What your platform’s policy makes of the facts: a status, whether the seller can transact, the reasons, and who must act. Your product, the seller’s page and these pages all read the same one."},
		{"policy", "Policy", "Your platform’s own rules: which countries and currencies are supported, whether payouts have to be on, which capabilities an account needs. It lives in the database, with a history."},
		{"transact", "Can transact", "The account can take payments, and can pay out where the policy requires that. It is the one answer that your product goes by."},
		{"capability", "Capability", "A single thing that an account may do at Stripe, such as card_payments or transfers. One that the policy requires blocks the seller while Stripe names it as anything but active."},
		{"requirement", "Requirement", "Something that Stripe needs of the seller: a document, a tax number, a bank account. Stripe’s own name of it stands beside the words."},
		{"risk", "At risk", "A seller who can transact now and may lose that on this day, unless what Stripe asks for is given before."},
		{"check", "Check", "connectd asking Stripe how an account stands. It happens every four weeks, sooner where something is unfinished, and whenever a person presses Re-check now. Between checks Stripe’s events tell what changes."},
		{"change", "Change", "The verdict, or something else that your product reads of a seller, became different. Each has a position in one list, the feed, and its cause beside it."},
		{"pass", "Scan", "One run of the health scan, a pass: it checks all accounts that are due and ends with a report. A sweep looks at all accounts by Stripe’s list, a hundred at a time."},
		{"brake", "Brake", "Scans may take the yes from only so many sellers within 24 hours. What goes beyond is held back until a person has looked at it, so that a fault at Stripe, or a wrong key, can’t switch everybody off."},
		{"event", "Event", "What Stripe sends when something happens to an account. connectd keeps each, with what became of it."},
		{"delivery", "Delivery", "One of connectd’s own signed events on its way to an endpoint of yours."},
		{"link", "Onboarding link", "An address of a seller’s own page, where they connect an account and see what is missing. Whoever has the link acts as that seller until it expires or is revoked."},
	}}
}

func statusTerms() topic {
	meanings := map[account.Status]string{
		account.NotConnected:   "The seller has never connected an account. An onboarding link leads to the page where that is done.",
		account.Disconnected:   "The account was connected once and is no longer: it was unlinked here, or in the seller’s own Stripe Dashboard. It can be connected again.",
		account.Rejected:       "Stripe, or your platform at Stripe, has rejected the account. Nothing that the seller fills in undoes that; another account can be connected.",
		account.Unsupported:    "The account’s country or currency is not among those that your policy supports.",
		account.Incomplete:     "The seller has not given Stripe the account’s details yet, or connectd has not read them yet.",
		account.InReview:       "The seller can’t transact while Stripe looks at what was given. Nobody has to do anything but wait.",
		account.Restricted:     "Charges or payouts are off, or something that your policy requires is. The reasons say what is missing and who must act.",
		account.RestrictedSoon: "All is on now, but Stripe asks for something. Unless that is given by its deadline, charges or payouts may be switched off.",
		account.Enabled:        "All is on, and nothing is due now.",
	}
	t := topic{Name: "status", Title: "Statuses", Lead: "An account has the first of these that holds, in this order. Stripe’s Dashboard uses the same words where it has them."}
	for _, status := range account.Statuses() {
		t.Terms = append(t.Terms, term{string(status), newStatusView(string(status)).Words, meanings[status]})
	}
	return t
}

// columnTerms are the account table's columns.
func columnTerms() topic {
	t := topic{Name: "column", Title: "Columns of the account table"}
	for _, c := range columns {
		t.Terms = append(t.Terms, term{c.Name, c.Words, c.Meaning})
	}
	return t
}

func columnMeaning(name string) string {
	i := slices.IndexFunc(columns, func(c column) bool { return c.Name == name })
	return columns[i].Meaning
}

// factTerms are the words under Facts on an account's page that are no columns.
func factTerms() topic {
	return topic{Name: "fact", Title: "An account’s facts", Terms: []term{
		{"charges", "Charges", columnMeaning("charges_enabled")},
		{"payouts", "Payouts", columnMeaning("payouts_enabled")},
		{"details", "Details", columnMeaning("details_submitted")},
		{"disabled_reason", "Stripe’s reason", "Stripe’s own code of why something is off, as it sent it."},
		{"capabilities", "Capabilities", "What the account may do, each with Stripe’s state of it: active, pending or inactive."},
		{"allow_unlink", "Unlink", "Whether the seller’s page offers to disconnect the account. It does not while the account works and has a name, so that nobody cuts it off by mistake."},
		{"as_of", "True as of", "The moment, by Stripe’s clock, at which what is shown was so."},
		{"checked_at", "Last checked", columnMeaning("checked_at")},
		{"next_check_at", "Next check", columnMeaning("next_check_at")},
		{"check_failures", "Failed checks", "How often Stripe could not be asked since the last time that it could, and why."},
		{"policy_version", "Judged by", "The version of the policy that made this verdict."},
	}}
}

func sourceTerms() topic {
	t := topic{Name: "source", Title: "How connectd learned something", Lead: "Each change in an account’s History names one of these."}
	for _, s := range []struct {
		source  registry.Source
		meaning string
	}{
		{registry.OAuth, "The seller came back from Stripe with an account, which was read at once."},
		{registry.Webhook, "Stripe sent an event; its id stands beside the change."},
		{registry.Scan, "The health scan checked the account when it was due, and found it otherwise than known."},
		{registry.Recheck, "A person, or your product, asked for the account to be checked at once."},
		{registry.Import, "The account was taken over from Stripe’s list, or from a file."},
		{registry.ByPolicy, "Nothing changed at Stripe: a new policy judges what was known already."},
		{registry.Person, "Somebody did this here: an unlink or a reassignment. What people did says who."},
	} {
		t.Terms = append(t.Terms, term{string(s.source), sourceWords(s.source), s.meaning})
	}
	return t
}

func outcomeTerms() topic {
	return topic{Name: "outcome", Title: "What became of Stripe’s events", Terms: []term{
		{string(registry.Applied), "applied", "It was newer than what was known, and what it says is known now."},
		{string(registry.Stale), "stale", "It tells of a moment before what is known already, or of the same moment in an order that can’t be told: it changed nothing, and cost nothing. Late and repeated events end here."},
		{string(registry.Disregard), "ignored", "It is of an account that is not connected here, of the other mode, or of a type that changes nothing; why says which."},
		{string(registry.Failed), "failed", "It could not be read. It is kept, and can be replayed once connectd can."},
	}}
}

func scanTerms() topic {
	return topic{Name: "scan", Title: "States of a scan", Terms: []term{
		{"running", "running", "Accounts are being checked."},
		{"braked", "braked", "More sellers than the brake allows would lose their yes. Those beyond are held back until a person has read the report and releases the brake."},
		{"finished", "finished", "All that was due has been checked, or could not be and is due again."},
		{"stopped", "stopped", "Stripe did not take the platform’s key: nothing can be checked until it does."},
	}}
}

func deliveryTerms() topic {
	return topic{Name: "delivery", Title: "States of a delivery", Terms: []term{
		{"pending", "waiting, trying again", "It has not been taken yet. Where an attempt has failed it is tried again, ever less often, at the moment that stands beside."},
		{"delivered", "delivered", "The endpoint answered that it has it (any 2xx)."},
		{"failed", "failed", "No attempt was taken, and none follows by itself. It can be sent again once the endpoint is mended."},
	}}
}

// checkTerms are what Status looks at, as connectd doctor does.
func checkTerms() topic {
	return topic{Name: "check", Title: "What Status looks at", Lead: "Each is ok, a warning (it works, and should be seen to) or wrong. connectd doctor looks at the same from a command line.", Terms: []term{
		{"database", "database", "Whether Postgres answers."},
		{"migrations", "migrations", "Whether the database’s schema is this version’s."},
		{"checks", "checks", "Whether accounts that are due for a check have waited for more than an hour: then Stripe, or the rate that connectd may ask at, is too slow."},
		{"events", "events", "When the last of Stripe’s events came. Where nothing happens silence is no fault; whether the endpoint is there and on is what webhook says."},
		{"missed_events", "missed events", "Whether there was a time in which nobody listened to Stripe, and how far connectd is with asking for what happened then."},
		{"exchanges", "exchanges", "Whether a seller came back from Stripe and the answer to that never arrived. A code can’t be used twice, so the seller connects again."},
		{"reads", "reads", "How many of the reads that Stripe allots to the platform in 30 days were connectd’s. Your other programs’ come on top."},
		{"key", "key", "Whether Stripe takes the secret key, whose it is and of which mode, and whether that is the database’s platform."},
		{"clock", "clock", "Whether this machine’s clock agrees with Stripe’s: signatures are refused where it is five minutes off."},
		{"accounts", "accounts", "Whether the key may read connected accounts, which a restricted key has to be allowed to."},
		{"OAuth", "OAuth", "Whether Stripe takes the client id, and sends sellers back to connectd’s redirect URI."},
		{"webhook", "webhook", "Whether Stripe has an endpoint that leads here, on, with every type of event that connectd handles."},
		{"signatures", "signatures", "Whether a signing secret is set, without which every event is refused."},
		{"mail", "mail", "Whether the mail server is reached and lets connectd in."},
	}}
}

// healthTerms are how endpoints do.
func healthTerms() topic {
	return topic{Name: "health", Title: "Health of an endpoint", Terms: []term{
		{"well", "well", "It takes what is sent to it."},
		{"failing", "failing", "Every attempt has failed since the moment that stands beside. What waits is tried again, ever less often."},
		{"off", "switched off", "Nothing is sent to it any more, after days in which every attempt failed. Once it is mended a person enables it."},
		{"unused", "not used yet", "It has taken nothing so far; a test event shows whether it does."},
	}}
}

// mailTerms are the states of mails.
func mailTerms() topic {
	return topic{Name: "mail", Title: "States of a mail", Terms: []term{
		{string(mail.Open), "to be sent", "It is on its way to the mail server. Where that does not take it, it is tried again."},
		{string(mail.Waiting), "waiting for a day", "The seller was mailed about the same cause within a day. It is sent once that is over, if it is still so."},
		{string(mail.Sent), "sent", "The mail server has taken it."},
		{string(mail.Dropped), "dropped", "It was not sent as there was nothing to tell any more, or nobody who wants it: why stands beside. Nobody has to do anything."},
		{string(mail.Refused), "refused", "The mail server will never take it, for its recipient, say: what it said stands beside. After a mend it can be sent again."},
		{string(mail.Failed), "failed", "The mail server could not take it for too long, so that it was given up. It can be sent again."},
	}}
}

// kindTerms are why a mail is sent.
func kindTerms() topic {
	meanings := map[mail.Kind]string{
		mail.Connected:    "To a seller: an account was connected to the platform.",
		mail.Due:          "To a seller: Stripe needs something that it did not need before.",
		mail.Reminder:     "To a seller: a deadline of what Stripe needs comes near.",
		mail.SwitchedOff:  "To a seller: Stripe has switched charges or payouts off.",
		mail.SwitchedOn:   "To a seller: Stripe has switched charges or payouts on again.",
		mail.Disconnected: "To a seller: the account is no longer connected.",
		mail.Digest:       "To admins: the health scan has found something.",
		mail.EndpointOff:  "To admins: an event endpoint was switched off after days of failure.",
	}
	t := topic{Name: "kind", Title: "Kinds of mail"}
	for _, kind := range mail.Kinds() {
		t.Terms = append(t.Terms, term{string(kind), causeShort(kind), meanings[kind]})
	}
	return t
}
