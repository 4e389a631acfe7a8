package account

import (
	"strings"
	"unicode/utf8"
)

// IsText reports whether Postgres takes s as text: UTF-8 without a NUL (postgresql.org/docs/current/datatype-character.html). What is
// not is nobody's id, and nobody's name.
func IsText(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }
