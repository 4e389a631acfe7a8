package web

import (
	"encoding/json"
	"time"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/registry"
)

// policyView is the page of the policy.
type policyView struct {
	Notice  string
	Problem string // why no policy was applied; ""
	InForce policyVersionView
	Judging judgingView
	Form    policyForm
	Plan    *planView // nil: none was asked for
	History []policyChange
	Older   int32 // the version before which the history goes on; 0 where it ends
	Newest  bool  // the history begins with the newest
	LiveURL string

	inForce    account.Policy
	staleAfter time.Duration
}

func (policyView) template() string { return "policy" }

// version differs where another policy is in force, or more accounts are judged by it.
func (v policyView) version() int64 {
	return digest(struct {
		Version int32
		Judging judgingView
	}{v.InForce.Version, v.Judging})
}

// policyVersionView is a policy in words, and as JSON.
type policyVersionView struct {
	Version int32
	At      time.Time
	By      string
	Rules   []string
	JSON    string
}

func newPolicyVersionView(p registry.PolicyVersion, staleAfter time.Duration) policyVersionView {
	text, err := json.MarshalIndent(p.Policy, "", "  ")
	if err != nil {
		panic(err) // lists of text, and truths
	}
	return policyVersionView{Version: p.Version, At: p.At, By: p.By, Rules: policyWords(p.Policy, staleAfter), JSON: string(text)}
}

// judgingView is how far accounts are judged by the policy in force.
type judgingView struct{ All, Done, Left int64 }

// Many reports whether more are left than are counted: how far that is, nobody knows.
func (v judgingView) Many() bool { return v.Left > countedAtMost }

// LeftWords is how many are left.
func (v judgingView) LeftWords() string { return countTo(v.Left, "account") }

// policyChange is a version in the history, with what it changed.
type policyChange struct {
	Version int32
	At      time.Time
	By      string
	What    []string
	First   bool
}

// policyHistory shows policiesShown versions; one more is there to compare the last with.
func policyHistory(versions []registry.PolicyVersion) (shown []policyChange, older int32) {
	for i, p := range versions[:min(len(versions), policiesShown)] {
		change := policyChange{Version: p.Version, At: p.At, By: p.By, First: i+1 == len(versions)}
		if !change.First {
			change.What = policyDifferences(versions[i+1].Policy, p.Policy)
		}
		shown = append(shown, change)
	}
	if len(versions) > policiesShown {
		older = shown[policiesShown-1].Version
	}
	return shown, older
}
