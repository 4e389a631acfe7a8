package faults

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
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

// enoughHappened: a run in which a fault, a person or an act was missing says nothing about them.
func enoughHappened(r Report) (broken []string) {
	done := map[string]int{}
	for _, f := range r.Faults {
		done[f.Name]++
	}
	for _, c := range r.Calls {
		if c.Outcome == OK {
			done[c.Who]++
			done[c.act()]++
		}
	}
	for _, name := range slices.Concat(r.Run.Faults, r.Run.People, r.Run.Acts) {
		if done[name] == 0 {
			broken = append(broken, name+" is missing, or nothing came of it")
		}
	}
	for what, n := range map[string]int{
		"accounts": len(r.Accounts), "copies": len(r.Copies), "deliveries": len(r.Deliveries), "yeses": len(r.Yeses),
		"entries": len(r.Entries), "events": len(r.Told), "mails": len(r.Mails),
	} {
		if n == 0 {
			broken = append(broken, "there are no "+what+" to judge")
		}
	}
	return broken
}

// act is the kind of what was done: of its effect, or as it is called where it has none.
func (c Call) act() string {
	kind, _, _ := strings.Cut(c.Effect, " ")
	_, called, _ := strings.Cut(c.What, ": ")
	return cmp.Or(kind, called)
}
