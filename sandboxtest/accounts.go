package sandboxtest

import (
	"encoding/json"
	"net/http"
	"net/url"
)

// Persona is how a new account stands with Stripe.
type Persona string

// The personas.
const (
	Complete       Persona = "complete"        // everything on, nothing due
	Enabled        Persona = "enabled"         // everything on, something eventually due
	RestrictedSoon Persona = "restricted_soon" // everything on, something due in two weeks
	Restricted     Persona = "restricted"      // past due; charges and payouts off
	NoPayouts      Persona = "no_payouts"      // payouts off, nothing due
	NoCharges      Persona = "no_charges"      // charges off, nothing due
	NoCards        Persona = "no_cards"        // charges enabled by transfers alone
	DocumentFailed Persona = "document_failed" // past due, with a document that was refused
	Incomplete     Persona = "incomplete"      // details not submitted
	InReview       Persona = "in_review"       // waiting for Stripe
	Rejected       Persona = "rejected"        // rejected.fraud
	Unsupported    Persona = "unsupported"     // in Brazil, everything on
	Nameless       Persona = "nameless"        // works, but has no name anywhere
)

// Patch is a JSON merge patch (RFC 7396) on Stripe's account object: a nil takes the member away.
type Patch map[string]any

type object struct {
	ID string `json:"id"`
}

type nothing struct{}

// Connect makes a seller whose account is connected, without a browser and without an event, and answers its id.
func (s *Sandbox) Connect(persona Persona) string {
	s.t.Helper()
	return s.made(map[string]any{"persona": persona})
}

// Make makes a seller whose account is not connected: for OAuth's page to pick.
func (s *Sandbox) Make(persona Persona) string {
	s.t.Helper()
	return s.made(map[string]any{"persona": persona, "connected": false})
}

func (s *Sandbox) made(order map[string]any) string {
	s.t.Helper()
	var made object
	s.post("/sandbox/accounts", order, &made)
	return made.ID
}

// ConnectMany makes n connected accounts at once.
func (s *Sandbox) ConnectMany(persona Persona, n int) {
	s.t.Helper()
	s.post("/sandbox/accounts", map[string]any{"persona": persona, "count": n}, &nothing{})
}

// Change changes the account and sends account.updated.
func (s *Sandbox) Change(account string, patch Patch) {
	s.t.Helper()
	s.post("/sandbox/accounts/"+account, patch, &nothing{})
}

// ChangeSilently changes the account and sends nothing: a webhook that got lost.
func (s *Sandbox) ChangeSilently(account string, patch Patch) {
	s.t.Helper()
	s.post("/sandbox/accounts/"+account+"?silent=1", patch, &nothing{})
}

// Deauthorize disconnects the account as the seller does in Stripe's Dashboard, and sends
// account.application.deauthorized.
func (s *Sandbox) Deauthorize(account string) {
	s.t.Helper()
	s.post("/sandbox/accounts/"+account+"/deauthorize", nothing{}, &nothing{})
}

// DeauthorizeSilently disconnects the account and sends nothing.
func (s *Sandbox) DeauthorizeSilently(account string) {
	s.t.Helper()
	s.post("/sandbox/accounts/"+account+"/deauthorize?silent=1", nothing{}, &nothing{})
}

// Stored is Stripe's account object as the sandbox holds it, connected or not.
func (s *Sandbox) Stored(account string) json.RawMessage {
	s.t.Helper()
	var stored json.RawMessage
	s.get("/sandbox/accounts/"+account, &stored)
	return stored
}

// Grant goes through OAuth's page as a seller who connects a new account of the persona, and answers the code (ac_…)
// that the platform gets back.
func (s *Sandbox) Grant(persona Persona) string {
	s.t.Helper()
	return s.authorize(url.Values{"persona": {string(persona)}})
}

// GrantAccount is Grant of an account that is there.
func (s *Sandbox) GrantAccount(account string) string {
	s.t.Helper()
	return s.authorize(url.Values{"account": {account}})
}

func (s *Sandbox) authorize(query url.Values) string {
	s.t.Helper()
	query.Set("response_type", "code")
	query.Set("client_id", s.ClientID)
	query.Set("scope", "read_write")
	query.Set("redirect_uri", "https://platform.example/back")
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.URL+"/oauth/authorize?"+query.Encode(), nil)
	if err != nil {
		s.t.Fatalf("sandbox: authorize: %v", err)
	}
	res, err := s.client.Do(req)
	if err != nil {
		s.t.Fatalf("sandbox: authorize: %v", err)
	}
	defer res.Body.Close() //nolint:errcheck // not read
	back, err := res.Location()
	if err != nil || back.Query().Get("code") == "" {
		s.t.Fatalf("sandbox: authorize: %s, to %v (%v)", res.Status, back, err)
	}
	return back.Query().Get("code")
}
