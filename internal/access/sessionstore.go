package access

import (
	"context"
	"time"

	"github.com/connectd/connectd/internal/db"
)

// sessionStore keeps sessions for scs. Unlike scs's own store it keeps what has ended until it would have expired: each
// request stores its session anew when it ends, so that one which was under way at a sign-out would else bring it back.
//
// Each statement is bounded as a key's is: a session stands before every page of the desk, and each of its acts.
type sessionStore struct{ q *db.Queries }

func (s sessionStore) FindCtx(ctx context.Context, token string) (data []byte, found bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	rows, err := s.q.FindSession(ctx, db.FindSessionParams{Token: token, At: time.Now()}) // scs goes by this clock too
	if err != nil || len(rows) == 0 {
		return nil, false, err
	}
	return rows[0], true, nil
}

func (s sessionStore) CommitCtx(ctx context.Context, token string, data []byte, expiry time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	return s.q.CommitSession(ctx, db.CommitSessionParams{Token: token, Data: data, Expiry: expiry})
}

func (s sessionStore) DeleteCtx(ctx context.Context, token string) error {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	return s.q.EndSession(ctx, token)
}

// Find, Commit and Delete are what scs asks of a store that takes no context.
func (s sessionStore) Find(token string) ([]byte, bool, error) {
	return s.FindCtx(context.Background(), token)
}

func (s sessionStore) Commit(token string, data []byte, expiry time.Time) error {
	return s.CommitCtx(context.Background(), token, data, expiry)
}

func (s sessionStore) Delete(token string) error { return s.DeleteCtx(context.Background(), token) }
