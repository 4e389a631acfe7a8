// Package migrations holds connectd's schema as goose migrations, embedded into the binary.
//
// A migration that has landed is never edited: a change is a new file. Each can be undone.
package migrations

import "embed"

// FS holds the migrations, at its root.
//
//go:embed *.sql
var FS embed.FS
