package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Ready is what a started program knows, for those who use it from outside; what it does not know is left out.
type Ready struct {
	BaseURL       string `json:"base_url,omitempty"`
	SandboxURL    string `json:"sandbox_url,omitempty"`
	AdminURL      string `json:"admin_url,omitempty"`
	AdminPassword string `json:"admin_password,omitempty"`
	APIKey        string `json:"api_key,omitempty"`
	WebhookSecret string `json:"webhook_secret,omitempty"`
	PlatformKey   string `json:"platform_key,omitempty"`
	ClientID      string `json:"client_id,omitempty"`
	DatabaseURL   string `json:"database_url,omitempty"`
	OnboardingURL string `json:"onboarding_url,omitempty"`
}

// WriteReadyFile writes the file whole or not at all, readable by its owner alone. A path of "" writes nothing.
func WriteReadyFile(path string, ready Ready) error {
	if path == "" {
		return nil
	}
	encoded, err := json.MarshalIndent(ready, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the ready file: %w", err)
	}
	return writeWhole(path, append(encoded, '\n'))
}

// ForgetReadyFile takes away what an earlier run has written, so that nobody takes it for this one's. It refuses a
// path that can't be written later.
func ForgetReadyFile(path string) error {
	if path == "" {
		return nil
	}
	if _, err := os.Stat(filepath.Dir(path)); err != nil {
		return fmt.Errorf("the folder of --ready-file can't be used: %w", err)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the old ready file: %w", err)
	}
	return nil
}

// writeWhole puts a file in place by renaming, so that nobody reads half of it.
func writeWhole(path string, content []byte) (err error) {
	temp, err := os.CreateTemp(filepath.Dir(path), ".connectd-*") // made with mode 0600
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(temp.Name())
			err = fmt.Errorf("write %s: %w", path, err)
		}
	}()
	if _, err := temp.Write(content); err != nil {
		return err
	}
	if err := temp.Sync(); err != nil {
		return err
	}
	if err := temp.Close(); err != nil {
		return err
	}
	return os.Rename(temp.Name(), path)
}
