package faults

import (
	"fmt"
	"slices"
)

// Check is one promise. Judge says how the report breaks it, a sentence each.
type Check struct {
	Name  string
	Judge func(Report) []string
}

// Checks are all promises, in the order of docs/reliability.md.
var Checks = []Check{
	{"AccountsEqualStripe", accountsEqualStripe},
	{"EveryOKIsStored", everyOKIsStored},
	{"EffectsOnce", effectsOnce},
	{"ChangesAreTold", changesAreTold},
	{"PositionsDense", positionsDense},
	{"ReplicasEqualServer", replicasEqualServer},
	{"NoDueDateMissed", noDueDateMissed},
	{"NoLongYes", noLongYes},
	{"EnoughHappened", enoughHappened},
}

// mostSaid is how many sentences of one check are said; the record has the rest.
const mostSaid = 20

// Judge runs all checks.
func Judge(r Report) (broken []string) {
	for _, check := range Checks {
		said := check.Judge(r)
		for _, sentence := range said[:min(len(said), mostSaid)] {
			broken = append(broken, check.Name+": "+sentence)
		}
		if len(said) > mostSaid {
			broken = append(broken, fmt.Sprintf("%s: and %d more", check.Name, len(said)-mostSaid))
		}
	}
	return broken
}

// enoughHappened: a run in which a fault or a person was missing says nothing about them.
func enoughHappened(r Report) (broken []string) {
	done := map[string]int{}
	for _, f := range r.Faults {
		done[f.Name]++
	}
	for _, c := range r.Calls {
		if c.Outcome == OK {
			done[c.Who]++
		}
	}
	for _, name := range slices.Concat(r.Run.Faults, r.Run.People) {
		if done[name] == 0 {
			broken = append(broken, name+" did nothing")
		}
	}
	if len(r.Accounts) == 0 || len(r.Copies) == 0 || len(r.Deliveries) == 0 || len(r.Yeses) == 0 || len(r.Entries) == 0 || len(r.Told) == 0 || len(r.Mails) == 0 {
		broken = append(broken, fmt.Sprintf("there is too little to judge: %d accounts, %d copies, %d deliveries, %d answers of yes, %d entries, %d events, %d mails",
			len(r.Accounts), len(r.Copies), len(r.Deliveries), len(r.Yeses), len(r.Entries), len(r.Told), len(r.Mails)))
	}
	return broken
}
