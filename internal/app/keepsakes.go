package app

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/connectd/connectd/internal/access"
)

// keepsakes are what a demo gave away and keeps valid on the same data folder.
type keepsakes struct {
	path          string
	AdminPassword string `json:"admin_password"`
	APIKey        string `json:"api_key"`
}

func openKeepsakes(path string) (*keepsakes, error) {
	k := &keepsakes{path: path}
	stored, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		k.AdminPassword = rand.Text()
		return k, k.save()
	case err != nil:
		return nil, fmt.Errorf("read what the demo gave: %w", err)
	}
	if err := json.Unmarshal(stored, k); err != nil {
		return nil, fmt.Errorf("read what the demo gave (%s): %w", path, err)
	}
	return k, nil
}

func (k *keepsakes) save() error {
	encoded, err := json.Marshal(k)
	if err != nil {
		return fmt.Errorf("encode what the demo gave: %w", err)
	}
	return writeWhole(k.path, encoded)
}

// ensureKey makes an API key of every scope, unless the one kept still works.
func (k *keepsakes) ensureKey(ctx context.Context, keys *access.Keys) error {
	if k.APIKey != "" {
		_, err := keys.Check(ctx, k.APIKey)
		if err == nil || !errors.Is(err, access.ErrBadKey) {
			return err
		}
	}
	made, err := keys.Create(ctx, access.KeyParams{Name: "demo", Scopes: access.Scopes()})
	if err != nil {
		return fmt.Errorf("make the demo's API key: %w", err)
	}
	k.APIKey = made.Secret
	return k.save()
}
