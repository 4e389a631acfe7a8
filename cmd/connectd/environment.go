package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/joho/godotenv"
)

// secrets may each be read from a file named by their name and _FILE.
var secrets = []string{
	"DATABASE_URL", "CONNECTD_DATABASE_DIRECT_URL", "STRIPE_SECRET_KEY", "STRIPE_ENDPOINT_SECRET",
	"CONNECTD_ADMIN_PASSWORD", "CONNECTD_ADMIN_PASSWORD_HASH",
}

// loadEnvironment adds .env.development, or .env.production where CONNECTD_ENV says so, and the secrets' files. What the
// environment has already wins.
func loadEnvironment() error {
	name := os.Getenv("CONNECTD_ENV")
	if name == "" {
		name = "development"
	}
	if name != "development" && name != "production" {
		return fmt.Errorf("CONNECTD_ENV is %q (example: development or production)", name)
	}
	if err := godotenv.Load(".env." + name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the file .env.%s can't be read: %w", name, err)
	}
	var wrong []error
	for _, secret := range secrets {
		wrong = append(wrong, loadSecretFile(secret))
	}
	return errors.Join(wrong...)
}

func loadSecretFile(name string) error {
	path := os.Getenv(name + "_FILE")
	if path == "" || os.Getenv(name) != "" {
		return nil
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("%s_FILE: %w", name, err)
	}
	return os.Setenv(name, strings.TrimSpace(string(content)))
}
