package onboarding

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
)

// newToken is 32 random bytes as text that a URL and a cookie can hold.
func newToken() string {
	raw := make([]byte, 32)
	rand.Read(raw) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(raw)
}

// hash is what is stored of a token: 32 random bytes need no slow hash.
func hash(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}
