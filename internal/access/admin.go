package access

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"sync"

	"github.com/alexedwards/argon2id"
)

// AdminConfig says by what an admin is known. PasswordHash counts where both are set; with neither nobody can sign in.
type AdminConfig struct {
	// Password is the password as it is, for development.
	Password string
	// PasswordHash is an argon2id hash in PHC form, as HashPassword makes it.
	PasswordHash string
}

// ErrBusy says that too many passwords wait to be checked; it is to be tried again in some seconds.
var ErrBusy = errors.New("too many passwords wait to be checked")

// passwordsWaiting is how many may wait for their check, which takes a tenth of a second.
const passwordsWaiting = 8

// Admin knows the admin's password when it is given. It is safe for concurrent use.
type Admin struct {
	plain *[sha256.Size]byte // nil: there is no plain password
	hash  string             // "": there is no hash
	// one lets one password at a time be checked against the hash: each check takes 64 MB, and anyone may ask for one.
	one     sync.Mutex
	waiting chan struct{} // those for whom one is locked, or who wait for it
}

// NewAdmin makes an Admin. A PasswordHash that is not an argon2id hash is refused.
func NewAdmin(cfg AdminConfig) (*Admin, error) {
	if cfg.PasswordHash != "" {
		if _, _, _, err := argon2id.DecodeHash(cfg.PasswordHash); err != nil {
			return nil, fmt.Errorf("the admin's password hash is not one of argon2id ($argon2id$v=19$m=…): %w", err)
		}
		return &Admin{hash: cfg.PasswordHash, waiting: make(chan struct{}, 1+passwordsWaiting)}, nil
	}
	if cfg.Password != "" {
		sum := sha256.Sum256([]byte(cfg.Password))
		return &Admin{plain: &sum}, nil
	}
	return &Admin{}, nil
}

// Configured reports whether anyone can sign in at all.
func (a *Admin) Configured() bool { return a.plain != nil || a.hash != "" }

// Credential tells this password from any other. It is secret.
func (a *Admin) Credential() []byte {
	switch {
	case a.hash != "":
		return []byte(a.hash)
	case a.plain != nil:
		return a.plain[:]
	}
	return nil
}

// Check reports whether this is the admin's password, or ErrBusy where too many wait already. How long it takes tells nothing
// of the password.
func (a *Admin) Check(ctx context.Context, password string) (bool, error) {
	switch {
	case a.hash != "":
		return a.checkHash(ctx, password)
	case a.plain != nil:
		sum := sha256.Sum256([]byte(password))
		return subtle.ConstantTimeCompare(sum[:], a.plain[:]) == 1, nil
	}
	return false, nil
}

func (a *Admin) checkHash(ctx context.Context, password string) (bool, error) {
	select {
	case a.waiting <- struct{}{}:
	default:
		return false, ErrBusy
	}
	defer func() { <-a.waiting }()
	a.one.Lock()
	defer a.one.Unlock()
	if err := ctx.Err(); err != nil {
		return false, err // who asked has gone
	}
	same, err := argon2id.ComparePasswordAndHash(password, a.hash)
	return err == nil && same, nil
}

// HashPassword makes what AdminConfig.PasswordHash takes.
func HashPassword(password string) (string, error) {
	hash, err := argon2id.CreateHash(password, argon2id.DefaultParams)
	if err != nil {
		return "", fmt.Errorf("hash a password: %w", err)
	}
	return hash, nil
}
