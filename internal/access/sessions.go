package access

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/registry"
)

const (
	sessionIdle = 12 * time.Hour
	sessionLife = 7 * 24 * time.Hour

	signedInAt = "signed_in_at"
	signedInBy = "signed_in_by"
	signedInAs = "signed_in_as"
)

// SessionParams says how sessions' cookies are sent.
type SessionParams struct {
	// Secure keeps the cookie to https.
	Secure bool
	// Credential is the admin's (Admin.Credential): sessions that were signed in with another have ended.
	Credential []byte
}

// Sessions are the admins' sign-ins, kept in Postgres under hashes of their tokens. A session ends after 12 hours without a
// request, after 7 days at most, and with the password that it was signed in with. It runs nothing in the background: each
// sign-in deletes the sessions that have expired. It is safe for concurrent use; its methods take the context that
// LoadAndSave gives a request.
type Sessions struct {
	*scs.SessionManager
	q          *db.Queries
	credential []byte
}

// NewSessions keeps sessions in the database's sessions table.
func NewSessions(pool *pgxpool.Pool, p SessionParams) *Sessions {
	m := scs.New()
	q := db.New(pool)
	m.Store = sessionStore{q}
	m.HashTokenInStore = true
	m.IdleTimeout = sessionIdle
	m.Lifetime = sessionLife
	m.Cookie.Name = "connectd_session"
	m.Cookie.Secure = p.Secure
	if p.Secure {
		m.Cookie.Name = "__Host-connectd_session" // no subdomain can plant it (RFC 6265bis, cookie prefixes)
	}
	return &Sessions{SessionManager: m, q: q, credential: p.Credential}
}

// TheAdmin is who knows the admin's password, at the address of a request.
func TheAdmin(remoteAddr string) account.Actor {
	return account.Actor{Name: admin, Address: HostOf(remoteAddr)}
}

const admin = "admin"

// SignIn makes the request's session that of a signed-in person, and adds it to the audit. Its token is a new one, so that a
// token known from before is worth nothing.
func (s *Sessions) SignIn(ctx context.Context, now time.Time, who account.Actor) error {
	if err := s.q.DeleteExpiredSessions(ctx, now); err != nil {
		return fmt.Errorf("delete sessions that have expired: %w", err)
	}
	if err := s.RenewToken(ctx); err != nil {
		return fmt.Errorf("renew a session's token: %w", err)
	}
	s.Put(ctx, signedInAt, now.Unix())
	s.Put(ctx, signedInBy, s.mark(ctx))
	s.Put(ctx, signedInAs, who.Name)
	return s.record(ctx, "sign_in", now, who)
}

// Actor is who acts in the request's session, at the request's address; the zero Actor where nobody is signed in.
func (s *Sessions) Actor(ctx context.Context, remoteAddr string) account.Actor {
	if !s.SignedIn(ctx) {
		return account.Actor{}
	}
	name := cmp.Or(s.GetString(ctx, signedInAs), admin) // sessions of older versions have no name
	return account.Actor{Name: name, Address: HostOf(remoteAddr)}
}

// SignedIn reports whether the request's session is that of an admin who signed in with the password of today.
func (s *Sessions) SignedIn(ctx context.Context) bool {
	return s.Exists(ctx, signedInAt) && hmac.Equal(s.GetBytes(ctx, signedInBy), s.mark(ctx))
}

// mark tells by which credential the session was signed in. Keyed with the token, of which the database holds a hash alone,
// it helps nobody who reads the database to find out the password.
func (s *Sessions) mark(ctx context.Context) []byte {
	mac := hmac.New(sha256.New, []byte(s.Token(ctx)))
	mac.Write(s.credential) // never fails (hash.Hash)
	return mac.Sum(nil)
}

// SignOut ends the request's session, and adds that to the audit where somebody was signed in.
func (s *Sessions) SignOut(ctx context.Context, now time.Time, who account.Actor) error {
	if err := s.Destroy(ctx); err != nil {
		return fmt.Errorf("end a session: %w", err)
	}
	if who.Name == "" {
		return nil
	}
	return s.record(ctx, "sign_out", now, who)
}

// SignOutEverywhere ends all sessions, the request's too. Requests under way keep nobody signed in.
func (s *Sessions) SignOutEverywhere(ctx context.Context, now time.Time, who account.Actor) error {
	if err := s.Destroy(ctx); err != nil {
		return fmt.Errorf("end a session: %w", err)
	}
	if err := s.q.EndSessions(ctx); err != nil {
		return fmt.Errorf("end all sessions: %w", err)
	}
	return s.record(ctx, "sign_out_everywhere", now, who)
}

func (s *Sessions) record(ctx context.Context, action string, now time.Time, who account.Actor) error {
	return registry.Record(ctx, s.q, registry.Act{At: now, By: who, Action: action})
}
