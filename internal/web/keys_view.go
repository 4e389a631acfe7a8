package web

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/connectd/connectd/internal/access"
	"github.com/connectd/connectd/internal/registry"
)

// keysView is the page of the API keys.
type keysView struct {
	paging
	Notice   string
	Problem  string // why no key was made; "". What is wrong with the form stands in it
	Livemode bool
	BaseURL  string
	Made     *madeKey       // nil: none was made just now
	Revoking *keyRevocation // nil: none is to be revoked
	Making   keyForm
	Rows     []keyRow
	LiveURL  string // asks for this page if anything has changed since
}

func (keysView) template() string { return "keys" }

// madeKey is a key with its secret, which is shown this once.
type madeKey struct{ ID, Name, Secret string }

// keyRow is one key.
type keyRow struct {
	ID, Name  string
	Scopes    []scopeView
	State     access.KeyState
	CreatedAt time.Time
	ExpiresAt *time.Time
	RevokedAt *time.Time
	LastUsed  *time.Time
	RevokeURL string // "": there is nothing to revoke
}

// scopeView is a scope, and what it permits.
type scopeView struct{ Name, Permits string }

func newKeysView(page access.KeyPage, view address, now time.Time) keysView {
	v := keysView{paging: view.pages(page.NextCursor)}
	for _, key := range page.Keys {
		v.Rows = append(v.Rows, newKeyRow(key, now))
	}
	return v
}

func newKeyRow(key access.Key, now time.Time) keyRow {
	row := keyRow{
		ID: key.ID, Name: key.Name, Scopes: scopeViews(key.Scopes), State: key.State(now), CreatedAt: key.CreatedAt,
		ExpiresAt: key.ExpiresAt, RevokedAt: key.RevokedAt, LastUsed: key.LastUsedAt,
	}
	if row.State == access.KeyUsable {
		row.RevokeURL = pageAt(keysPath).with("revoke", key.ID).String() + "#acting"
	}
	return row
}

func scopeViews(scopes []access.Scope) []scopeView {
	views := make([]scopeView, len(scopes))
	for i, scope := range scopes {
		views[i] = scopeView{string(scope), scope.Permits()}
	}
	return views
}

// keyForm is a key that is being made.
type keyForm struct {
	ID             string // the key will have it
	Name           string
	Scopes         []scopeOption
	ExpiresIn      string
	Lives          []option
	Problem, Field string // what is wrong, and with which field; ""

	Made access.NewKey // the zero NewKey: it is not made
}

// scopeOption is a scope that a key can have.
type scopeOption struct {
	option
	Permits string
}

func newKeyForm() keyForm {
	f := keyForm{ID: access.NewKeyID()}
	f.choose(nil, lives[0].Life.String())
	return f
}

func readKeyForm(r *http.Request) keyForm {
	f := keyForm{ID: r.PostFormValue("id"), Name: strings.TrimSpace(r.PostFormValue("name"))}
	f.choose(r.PostForm["scope"], r.PostFormValue("expires_in"))
	return f
}

func (f *keyForm) choose(scopes []string, life string) {
	for _, scope := range access.Scopes() {
		chosen := slices.Contains(scopes, string(scope))
		f.Scopes = append(f.Scopes, scopeOption{option{Value: string(scope), Words: string(scope), Selected: chosen}, scope.Permits()})
	}
	f.ExpiresIn = life
	for _, l := range lives {
		f.Lives = append(f.Lives, option{Value: l.Life.String(), Words: l.Words, Selected: l.Life.String() == life})
	}
}

// keyRevocation is a key that is about to be revoked.
type keyRevocation struct {
	keyRow
	InUse bool // it was used within a day
	Last  deed // what was done with it last; its zero value where nothing was that is kept
}

func newKeyRevocation(key access.Key, last registry.Act, now time.Time) *keyRevocation {
	v := &keyRevocation{keyRow: newKeyRow(key, now), InUse: key.LastUsedAt != nil && now.Sub(*key.LastUsedAt) < 24*time.Hour}
	if last.ID != 0 {
		v.Last = newDeed(last)
	}
	return v
}
