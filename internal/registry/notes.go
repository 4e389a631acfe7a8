package registry

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
)

// longestNote is in characters.
const longestNote = 10_000

// Note is what somebody wrote down about an account. It goes when the seller is erased who held the account then, or last.
type Note struct {
	ID        int64
	AccountID string
	SellerID  string // who held the account then, or had held it last
	At        time.Time
	By        string // the actor's name
	Text      string
}

// AddNote writes down something about an account. An unknown account is account.NotFound; what is wrong with the text names
// the field, note.
func (r *Registry) AddNote(ctx context.Context, accountID, text string, by account.Actor) (Note, error) {
	text = strings.TrimSpace(text)
	if text == "" || utf8.RuneCountInString(text) > longestNote || !account.IsText(text) {
		return Note{}, account.InvalidField("note", "A note has 1 to %d characters.", longestNote)
	}
	row, err := r.q.InsertNote(ctx, db.InsertNoteParams{AccountID: accountID, At: r.now(), Actor: by.Name, Address: by.Address, Note: text})
	if errors.Is(err, pgx.ErrNoRows) {
		return Note{}, account.Errorf(account.NotFound, "There is no account %q here.", accountID)
	}
	if err != nil {
		return Note{}, fmt.Errorf("store a note on account %s: %w", accountID, err)
	}
	return Note{row.ID, row.AccountID, row.SellerID, row.At, row.Actor, row.Note}, nil
}

// DeleteNote deletes a note on an account. One that does not exist is account.NotFound.
func (r *Registry) DeleteNote(ctx context.Context, accountID string, id int64, by account.Actor) error {
	n, err := r.q.DeleteNote(ctx, db.DeleteNoteParams{AccountID: accountID, ID: id, At: r.now(), Actor: by.Name, Address: by.Address})
	if err != nil {
		return fmt.Errorf("delete note %d on account %s: %w", id, accountID, err)
	}
	if n == 0 {
		return account.Errorf(account.NotFound, "There is no such note.")
	}
	return nil
}

// Notes are the latest on an account, the newest first, at most limit of them.
func (r *Registry) Notes(ctx context.Context, accountID string, limit int) ([]Note, error) {
	rows, err := r.q.AccountNotes(ctx, db.AccountNotesParams{AccountID: accountID, N: int32(limit)})
	if err != nil {
		return nil, fmt.Errorf("read the notes on account %s: %w", accountID, err)
	}
	notes := make([]Note, len(rows))
	for i, row := range rows {
		notes[i] = Note{row.ID, row.AccountID, row.SellerID, row.At, row.Actor, row.Note}
	}
	return notes, nil
}
