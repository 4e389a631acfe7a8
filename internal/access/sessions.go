package access

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/alexedwards/scs/pgxstore"
	"github.com/alexedwards/scs/v2"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	sessionIdle = 12 * time.Hour
	sessionLife = 7 * 24 * time.Hour

	signedInAt = "signed_in_at"
	signedInBy = "signed_in_by"
)

// SessionParams says how sessions' cookies are sent.
type SessionParams struct {
	// Secure keeps the cookie to https.
	Secure bool
	// Credential is the admin's (Admin.Credential): sessions that were signed in with another have ended.
	Credential []byte
}

// Sessions are the admins' sign-ins, kept in Postgres under hashes of their tokens. A session ends after 12 hours without a
// request, after 7 days at most, and with the password that it was signed in with. It runs nothing in the background: each sign-in deletes the sessions that have ended.
// It is safe for concurrent use; its methods take the context that LoadAndSave gives a request.
type Sessions struct {
	*scs.SessionManager
	pool       *pgxpool.Pool
	credential []byte
}

// NewSessions keeps sessions in the database's sessions table.
func NewSessions(pool *pgxpool.Pool, p SessionParams) *Sessions {
	m := scs.New()
	m.Store = pgxstore.NewWithCleanupInterval(pool, 0)
	m.HashTokenInStore = true
	m.IdleTimeout = sessionIdle
	m.Lifetime = sessionLife
	m.Cookie.Name = "connectd_session"
	m.Cookie.Secure = p.Secure
	if p.Secure {
		m.Cookie.Name = "__Host-connectd_session" // no subdomain can plant it (RFC 6265bis, cookie prefixes)
	}
	return &Sessions{SessionManager: m, pool: pool, credential: p.Credential}
}

// SignIn makes the request's session that of a signed-in admin. Its token is a new one, so that a token known from before
// is worth nothing.
func (s *Sessions) SignIn(ctx context.Context, now time.Time) error {
	if err := s.deleteEnded(ctx, now); err != nil {
		return err
	}
	if err := s.RenewToken(ctx); err != nil {
		return fmt.Errorf("renew a session's token: %w", err)
	}
	s.Put(ctx, signedInAt, now.Unix())
	s.Put(ctx, signedInBy, s.mark(ctx))
	return nil
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

// SignOut ends the request's session.
func (s *Sessions) SignOut(ctx context.Context) error {
	if err := s.Destroy(ctx); err != nil {
		return fmt.Errorf("end a session: %w", err)
	}
	return nil
}

func (s *Sessions) deleteEnded(ctx context.Context, now time.Time) error {
	if _, err := s.pool.Exec(ctx, "delete from sessions where expiry < $1", now); err != nil {
		return fmt.Errorf("delete sessions that have ended: %w", err)
	}
	return nil
}
