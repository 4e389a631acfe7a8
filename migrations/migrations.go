// Package migrations holds connectd's schema as goose migrations, embedded into the binary.
//
// It may import the standard library alone. Its one rule: a migration that has landed is never edited: a change is a new
// file, and each can be undone.
package migrations

import "embed"

// FS holds the migrations, at its root.
//
//go:embed *.sql
var FS embed.FS
