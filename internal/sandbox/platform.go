package sandbox

// Platform is what a platform has from Stripe's Dashboard.
type Platform struct {
	Account        string `json:"account"`
	Key            string `json:"key"`
	PublishableKey string `json:"publishable_key"`
	ClientID       string `json:"client_id"`
	// WebhookSecret (whsec_…) is for whoever forwards events as stripe listen does, who has one secret a platform. An
	// endpoint that is registered over the API has one of its own.
	WebhookSecret string `json:"webhook_secret"`
}

// platform is a Platform with its settings. Guarded by the state's lock, replaced whole.
type platform struct {
	Platform
	Created  int64 `json:"created"`
	OAuthOff bool  `json:"oauth_off,omitempty"`
}

// restrictedKey is a key of a platform that lacks some permissions, each the name of a resource
// (docs.stripe.com/keys#limit-access).
type restrictedKey struct {
	Key      string   `json:"key"`
	Platform string   `json:"platform"`
	Without  []string `json:"without,omitempty"`
}

func newPlatform(now int64) platform {
	return platform{
		Platform: Platform{
			Account:        newAccountID(),
			Key:            "sk_test_" + randomText(32),
			PublishableKey: "pk_test_" + randomText(32),
			ClientID:       "ca_" + randomText(32),
			WebhookSecret:  "whsec_" + randomText(32),
		},
		Created: now,
	}
}

// ownAccount is the platform's own account, which is no connected one.
func (p *platform) ownAccount() *account {
	complete, _ := personaNamed("complete")
	return &account{ID: p.Account, Persona: complete, Type: standard, Created: p.Created}
}

// Platform is the default platform: the same at each start with the same state file.
func (s *Sandbox) Platform() Platform {
	s.state.mu.RLock()
	defer s.state.mu.RUnlock()
	return s.state.world.platforms[0].Platform
}
