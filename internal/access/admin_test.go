package access_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/connectd/connectd/internal/access"
)

const password = "correct horse battery staple"

func TestOnlyTheAdminsPasswordIsTaken(t *testing.T) {
	t.Parallel()
	hash, err := access.HashPassword(password)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		cfg     access.AdminConfig
		taken   []string
		refused []string
	}{
		"plain":   {access.AdminConfig{Password: password}, []string{password}, []string{"", password + " ", "Correct horse battery staple"}},
		"hashed":  {access.AdminConfig{PasswordHash: hash}, []string{password}, []string{"", password + " ", hash}},
		"both":    {access.AdminConfig{Password: "other", PasswordHash: hash}, []string{password}, []string{"other", ""}},
		"neither": {access.AdminConfig{}, nil, []string{"", password}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			admin, err := access.NewAdmin(c.cfg)
			if err != nil {
				t.Fatal(err)
			}
			if admin.Configured() != (c.taken != nil) {
				t.Errorf("Configured is %v", admin.Configured())
			}
			for _, p := range c.taken {
				if ok, err := admin.Check(t.Context(), "192.0.2.1:1234", p); !ok || err != nil {
					t.Errorf("%q is refused (%v)", p, err)
				}
			}
			for _, p := range c.refused {
				if ok, err := admin.Check(t.Context(), "192.0.2.1:1234", p); ok || err != nil {
					t.Errorf("%q is taken (%v)", p, err)
				}
			}
		})
	}
}

func TestPasswordHashThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	for _, hash := range []string{"x", password, "$2a$10$abcdefghijklmnopqrstuv", "$argon2id$v=19$m=65536,t=1,p=2$c2FsdA"} {
		_, err := access.NewAdmin(access.AdminConfig{PasswordHash: hash})
		if err == nil || !strings.Contains(err.Error(), "argon2id") || strings.Contains(err.Error(), password) {
			t.Errorf("%q: %v", hash, err)
		}
	}
}

func TestPasswordOfWhoHasGoneIsNotChecked(t *testing.T) {
	t.Parallel()
	hash, err := access.HashPassword(password)
	if err != nil {
		t.Fatal(err)
	}
	admin, err := access.NewAdmin(access.AdminConfig{PasswordHash: hash})
	if err != nil {
		t.Fatal(err)
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if ok, err := admin.Check(gone, "192.0.2.1:1234", password); ok || !errors.Is(err, context.Canceled) {
		t.Errorf("%v, %v", ok, err)
	}
}

func TestHashesOfOnePasswordDiffer(t *testing.T) {
	t.Parallel()
	hashes := map[string]bool{}
	for range 2 {
		hash, err := access.HashPassword(password)
		if err != nil {
			t.Fatal(err)
		}
		hashes[hash] = true
	}
	if len(hashes) != 2 {
		t.Error("the hash has no salt")
	}
}
