package access

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"time"

	"github.com/alexedwards/argon2id"
	"golang.org/x/sync/semaphore"
)

// AdminConfig says by what an admin is known. PasswordHash counts where both are set; with neither nobody can sign in.
type AdminConfig struct {
	// Password is the password as it is, for development.
	Password string
	// PasswordHash is an argon2id hash in PHC form, as HashPassword makes it.
	PasswordHash string
	// Attempts bounds the wrong passwords of an address. nil: they are not counted.
	Attempts *Attempts
	// Now is the clock by which they are counted. nil means time.Now.
	Now func() time.Time
}

// ErrBusy says that too many passwords wait to be checked; it is to be tried again in some seconds.
var ErrBusy = errors.New("too many passwords wait to be checked")

// patience is how long a password waits for its check, which takes a tenth of a second.
const patience = 2 * time.Second

// Admin knows the admin's password when it is given. It is safe for concurrent use.
type Admin struct {
	plain *[sha256.Size]byte // nil: there is no plain password
	hash  string             // "": there is no hash
	// one lets one password at a time be checked against the hash: each check takes 64 MB, and anyone may ask for one.
	one *semaphore.Weighted
	// turns keeps those of one address from being all that one's queue consists of.
	turns    turns
	attempts *Attempts // nil: wrong ones are not counted
	now      func() time.Time
}

// NewAdmin makes an Admin. A PasswordHash that is not an argon2id hash is refused.
func NewAdmin(cfg AdminConfig) (*Admin, error) {
	a := &Admin{attempts: cfg.Attempts, now: cfg.Now}
	if a.now == nil {
		a.now = time.Now
	}
	switch {
	case cfg.PasswordHash != "":
		if _, _, _, err := argon2id.DecodeHash(cfg.PasswordHash); err != nil {
			return nil, fmt.Errorf("the admin's password hash is not one of argon2id ($argon2id$v=19$m=…): %w", err)
		}
		a.hash, a.one = cfg.PasswordHash, semaphore.NewWeighted(1)
	case cfg.Password != "":
		sum := sha256.Sum256([]byte(cfg.Password))
		a.plain = &sum
	}
	return a, nil
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

// Check reports whether this is the admin's password, or ErrBusy where its turn has not come for two seconds, or a
// TooManyAttemptsError after ten wrong ones from an address; from then on one a minute is taken. One attempt at a time is under way
// from an address, so that whoever tries many keeps others waiting for one of them; remoteAddr is a request's. How long it takes
// tells nothing of the password.
func (a *Admin) Check(ctx context.Context, remoteAddr, password string) (bool, error) {
	if a.attempts == nil {
		return a.check(ctx, remoteAddr, password)
	}
	address := addressOf(remoteAddr)
	if err := a.attempts.take(ctx, address, a.now()); err != nil {
		return false, err
	}
	right, err := a.check(ctx, remoteAddr, password)
	if right || err != nil {
		err = errors.Join(err, a.attempts.giveBack(ctx, address))
	}
	return right, err
}

func (a *Admin) check(ctx context.Context, remoteAddr, password string) (bool, error) {
	switch {
	case a.hash != "":
		return a.checkHash(ctx, remoteAddr, password)
	case a.plain != nil:
		sum := sha256.Sum256([]byte(password))
		return subtle.ConstantTimeCompare(sum[:], a.plain[:]) == 1, nil
	}
	return false, nil
}

func (a *Admin) checkHash(ctx context.Context, remoteAddr, password string) (bool, error) {
	leave, err := a.enter(ctx, remoteAddr)
	if err != nil {
		return false, err
	}
	defer leave()
	same, err := argon2id.ComparePasswordAndHash(password, a.hash)
	return err == nil && same, nil
}

// enter waits for the address's turn, and then for all addresses'.
func (a *Admin) enter(ctx context.Context, remoteAddr string) (leave func(), err error) {
	waiting, cancel := context.WithTimeoutCause(ctx, patience, ErrBusy)
	defer cancel()
	address := addressOf(remoteAddr)
	if err := a.turns.take(waiting, address); err != nil {
		return nil, context.Cause(waiting)
	}
	if err := a.one.Acquire(waiting, 1); err != nil {
		a.turns.give(address)
		return nil, context.Cause(waiting)
	}
	return func() { a.one.Release(1); a.turns.give(address) }, nil
}

// HashPassword makes what AdminConfig.PasswordHash takes.
func HashPassword(password string) (string, error) {
	hash, err := argon2id.CreateHash(password, argon2id.DefaultParams)
	if err != nil {
		return "", fmt.Errorf("hash a password: %w", err)
	}
	return hash, nil
}
