package access

import (
	"crypto/sha256"
	"crypto/subtle"
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

// Admin knows the admin's password when it is given. It is safe for concurrent use.
type Admin struct {
	plain *[sha256.Size]byte // nil: there is no plain password
	hash  string             // "": there is no hash
	// one lets one password at a time be checked against the hash: each check takes 64 MB, and anyone may ask for one.
	one sync.Mutex
}

// NewAdmin makes an Admin. A PasswordHash that is not an argon2id hash is refused.
func NewAdmin(cfg AdminConfig) (*Admin, error) {
	if cfg.PasswordHash != "" {
		if _, _, _, err := argon2id.DecodeHash(cfg.PasswordHash); err != nil {
			return nil, fmt.Errorf("the admin's password hash is not one of argon2id ($argon2id$v=19$m=…): %w", err)
		}
		return &Admin{hash: cfg.PasswordHash}, nil
	}
	if cfg.Password != "" {
		sum := sha256.Sum256([]byte(cfg.Password))
		return &Admin{plain: &sum}, nil
	}
	return &Admin{}, nil
}

// Configured reports whether anyone can sign in at all.
func (a *Admin) Configured() bool { return a.plain != nil || a.hash != "" }

// Check reports whether this is the admin's password. How long it takes tells nothing of the password.
func (a *Admin) Check(password string) bool {
	switch {
	case a.hash != "":
		return a.checkHash(password)
	case a.plain != nil:
		sum := sha256.Sum256([]byte(password))
		return subtle.ConstantTimeCompare(sum[:], a.plain[:]) == 1
	}
	return false
}

func (a *Admin) checkHash(password string) bool {
	a.one.Lock()
	defer a.one.Unlock()
	same, err := argon2id.ComparePasswordAndHash(password, a.hash)
	return err == nil && same
}

// HashPassword makes what AdminConfig.PasswordHash takes.
func HashPassword(password string) (string, error) {
	hash, err := argon2id.CreateHash(password, argon2id.DefaultParams)
	if err != nil {
		return "", fmt.Errorf("hash a password: %w", err)
	}
	return hash, nil
}
