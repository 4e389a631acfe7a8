package onboarding

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
)

// seal encrypts a link's token with the browser's secret. The way back needs the token, of which only a hash is stored: so
// it is kept where neither the database nor the cookie alone can tell it.
func seal(token, browser string) ([]byte, error) {
	box, err := boxOf(browser)
	if err != nil {
		return nil, err
	}
	return box.Seal(nil, nil, []byte(token), nil), nil
}

// unseal returns the token that was sealed with this browser's secret.
func unseal(sealed []byte, browser string) (string, error) {
	box, err := boxOf(browser)
	if err != nil {
		return "", err
	}
	token, err := box.Open(nil, nil, sealed, nil)
	return string(token), err
}

func boxOf(browser string) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, []byte(browser), nil, "connectd link token", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}
