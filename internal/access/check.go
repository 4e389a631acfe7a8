package access

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
)

// ErrBadKey says that a secret opens nothing: no such key, or one that is revoked, has expired or is of the other mode.
// Which of these is not told to who presents it.
var ErrBadKey = errors.New("no such API key, or it is revoked, has expired or is of the other mode")

// askWithin bounds the query about a key that is not in memory: a database that is slower can't say who is let in.
const askWithin = 5 * time.Second

// Caller is who presented a key.
type Caller struct {
	KeyID  string
	Name   string
	Scopes []Scope // shared, not to be changed
}

// Actor is the caller as the audit keeps it, at the address of a request.
func (c Caller) Actor(remoteAddr string) account.Actor {
	return account.Actor{Name: c.KeyID, Address: HostOf(remoteAddr)}
}

// May reports whether the caller's key has the scope.
func (c Caller) May(scope Scope) bool { return slices.Contains(c.Scopes, scope) }

// Check says whose secret it is: the one place where that is decided. It goes by memory that is less than a second old, and
// asks the database where that does not know the key, so that a new one works at once. A secret that opens nothing is
// ErrBadKey; any other error means that it could not be told, and nobody is to be let in.
func (k *Keys) Check(ctx context.Context, secret string) (Caller, error) {
	shown, ok := parse(secret)
	if !ok {
		return Caller{}, ErrBadKey
	}
	k.begin()
	now := k.now()
	caller, ok := k.memory.caller(shown, now)
	if !ok {
		var err error
		if caller, err = k.ask(ctx, shown); err != nil {
			return Caller{}, err
		}
	}
	k.uses.note(caller.KeyID, now)
	return caller, nil
}

// presented is a secret as somebody shows it.
type presented struct {
	hash     keyHash
	livemode bool
}

// parse reads a secret's mode; ok is false for what is no secret of ours, which costs no query.
func parse(secret string) (shown presented, ok bool) {
	random, test := strings.CutPrefix(secret, testPrefix)
	if !test {
		random, shown.livemode = strings.CutPrefix(secret, livePrefix)
	}
	if test == shown.livemode || len(random) != 2*secretSize || strings.ContainsFunc(random, isNoHex) {
		return presented{}, false
	}
	shown.hash = hashOf(secret)
	return shown, true
}

func isNoHex(r rune) bool { return !strings.ContainsRune("0123456789abcdef", r) }

// lookUp is a query about a key, and what it found.
type lookUp struct {
	number int64
	caller Caller
	err    error
}

// ask asks once for all who show the same key at once. One who came while a query was on its way asks again with the others
// who did: what that found may be of before the key was revoked, or made.
func (k *Keys) ask(ctx context.Context, shown presented) (Caller, error) {
	before := k.lookUps.Load()
	for {
		found, err := k.join(ctx, shown)
		if err != nil {
			return Caller{}, err
		}
		if found.number > before {
			return found.caller, found.err
		}
	}
}

// join shares the query that is on its way, or begins one, which goes on where whoever began it is gone.
func (k *Keys) join(ctx context.Context, shown presented) (lookUp, error) {
	asked := k.asking.DoChan(string(shown.hash[:]), func() (any, error) {
		found := lookUp{number: k.lookUps.Add(1)}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askWithin)
		defer cancel()
		found.caller, found.err = k.read(ctx, shown)
		return found, nil
	})
	select {
	case answer := <-asked:
		found, _ := answer.Val.(lookUp)
		return found, answer.Err
	case <-ctx.Done():
		return lookUp{}, ctx.Err()
	}
}

func (k *Keys) read(ctx context.Context, shown presented) (Caller, error) {
	row, err := k.q.UsableAPIKey(ctx, db.UsableAPIKeyParams{KeyHash: shown.hash[:], Livemode: shown.livemode, At: k.storableNow()})
	if errors.Is(err, pgx.ErrNoRows) {
		return Caller{}, ErrBadKey
	}
	if err != nil {
		return Caller{}, fmt.Errorf("read an API key: %w", err)
	}
	return Caller{KeyID: row.ID, Name: row.Name, Scopes: scopesOf(row.Scopes)}, nil
}
