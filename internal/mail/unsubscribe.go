package mail

import (
	"context"
	"fmt"
	"time"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/words"
)

// Preferences are what sellers want of mails.
type Preferences struct{ Queries *db.Queries }

func noSuchEnd() error {
	said := words.English().Say("mail.no_such_end", nil)
	return &account.Error{Kind: account.NotFound, Message: said, Sentence: "mail.no_such_end"}
}

// CanUnsubscribe is nil where the token ends reminders, and account.NotFound where it does not.
func (p Preferences) CanUnsubscribe(ctx context.Context, token string) error {
	known, err := p.Queries.UnsubscribeTokenKnown(ctx, hash(token))
	if err != nil {
		return fmt.Errorf("read what ends reminders: %w", err)
	}
	if !known {
		return noSuchEnd()
	}
	return nil
}

// Unsubscribe ends the reminders of the token's seller, also where they have ended; an unknown token is account.NotFound.
func (p Preferences) Unsubscribe(ctx context.Context, token string, at time.Time) error {
	n, err := p.Queries.Unsubscribe(ctx, db.UnsubscribeParams{TokenHash: hash(token), At: at})
	if err != nil {
		return fmt.Errorf("end reminders: %w", err)
	}
	if n == 0 {
		return noSuchEnd()
	}
	return nil
}

// KeepLanguage remembers the language that a seller was shown, by its tag.
func (p Preferences) KeepLanguage(ctx context.Context, sellerID, tag string) error {
	if err := p.Queries.KeepLanguage(ctx, db.KeepLanguageParams{SellerID: sellerID, Language: tag}); err != nil {
		return fmt.Errorf("keep the language of seller %s: %w", sellerID, err)
	}
	return nil
}
