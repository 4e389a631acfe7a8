package notify

import (
	"crypto/sha256"
	"encoding/base32"

	"github.com/connectd/connectd/internal/registry"
)

const idLength = 26 // characters of base32: 130 bits

// idOf is the id of the event that tells a notice. It follows from what the notice is told once of: after a restore from a backup
// connectd can't know that a Checkout was told, and tells it again by the id that it had the first time.
func idOf(n registry.Notice) string {
	sum := sha256.Sum256([]byte(n.Type + "\n" + n.ID))
	return "msg_" + base32.StdEncoding.EncodeToString(sum[:])[:idLength]
}
