package access_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/connectd/connectd/internal/access"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/postgres/postgrestest"
)

// visit makes a request with the cookie, if there is one, does what is asked in its session, and answers the cookie that
// the browser has afterwards.
func visit(t *testing.T, s *access.Sessions, cookie *http.Cookie, do func(context.Context) error) *http.Cookie {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil)
	if cookie != nil {
		req.AddCookie(cookie)
	}
	rec := httptest.NewRecorder()
	s.LoadAndSave(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := do(r.Context()); err != nil {
			t.Error(err)
		}
		w.WriteHeader(http.StatusNoContent)
	})).ServeHTTP(rec, req)
	if set := rec.Result().Cookies(); len(set) > 0 {
		return set[0]
	}
	return cookie
}

func signIn(s *access.Sessions) func(context.Context) error {
	return func(ctx context.Context) error { return s.SignIn(ctx, time.Now(), access.TheAdmin("192.0.2.1:1234")) }
}

func signOut(s *access.Sessions) func(context.Context) error {
	return func(ctx context.Context) error { return s.SignOut(ctx, time.Now(), s.Actor(ctx, "192.0.2.1:1234")) }
}

func signedIn(t *testing.T, s *access.Sessions, cookie *http.Cookie) bool {
	t.Helper()
	in := false
	visit(t, s, cookie, func(ctx context.Context) error {
		in = s.SignedIn(ctx)
		return nil
	})
	return in
}

func stored(t *testing.T, pool *pgxpool.Pool, where string, args ...any) int {
	t.Helper()
	var n int
	if err := pool.QueryRow(t.Context(), "select count(*) from sessions where "+where, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestSessionLastsFromSignInToSignOut(t *testing.T) {
	t.Parallel()
	pool := postgrestest.Pool(t)
	s := access.NewSessions(pool, access.SessionParams{})
	if signedIn(t, s, nil) {
		t.Fatal("a stranger is signed in")
	}
	cookie := visit(t, s, nil, signIn(s))
	if !signedIn(t, s, cookie) {
		t.Fatal("who signed in is not signed in")
	}
	visit(t, s, cookie, signOut(s))
	if signedIn(t, s, cookie) || stored(t, pool, "not ended or data <> ''") != 0 {
		t.Error("who signed out is signed in")
	}
}

func TestSessionsTokenIsStoredHashed(t *testing.T) {
	t.Parallel()
	pool := postgrestest.Pool(t)
	s := access.NewSessions(pool, access.SessionParams{})
	cookie := visit(t, s, nil, signIn(s))
	if stored(t, pool, "true") != 1 || stored(t, pool, "token = $1 or strpos(encode(data, 'escape'), $1) > 0", cookie.Value) != 0 {
		t.Error("the database holds the token")
	}
}

func TestTokenFromBeforeTheSignInIsWorthNothing(t *testing.T) {
	t.Parallel()
	s := access.NewSessions(postgrestest.Pool(t), access.SessionParams{})
	planted := visit(t, s, nil, func(ctx context.Context) error {
		s.Put(ctx, "anything", "at all")
		return nil
	})
	cookie := visit(t, s, planted, signIn(s))
	if cookie.Value == planted.Value || signedIn(t, s, planted) || !signedIn(t, s, cookie) {
		t.Error("signing in keeps the token")
	}
}

func TestSessionsEndWithoutRequestsAndAtLast(t *testing.T) {
	t.Parallel()
	pool := postgrestest.Pool(t)
	s := access.NewSessions(pool, access.SessionParams{})
	cookie := visit(t, s, nil, signIn(s))
	if stored(t, pool, "expiry between $1 and $2", time.Now().Add(11*time.Hour), time.Now().Add(12*time.Hour)) != 1 {
		t.Error("a session without requests does not end after 12 hours")
	}
	var life time.Duration
	visit(t, s, cookie, func(ctx context.Context) error {
		life = time.Until(s.Deadline(ctx))
		return nil
	})
	if life > 7*24*time.Hour || life < 6*24*time.Hour {
		t.Errorf("a session lives %s at most", life)
	}
	if _, err := pool.Exec(t.Context(), "update sessions set expiry = $1", time.Now().Add(-time.Minute)); err != nil {
		t.Fatal(err)
	}
	if signedIn(t, s, cookie) {
		t.Error("a session goes on after its end")
	}
	visit(t, s, nil, signIn(s))
	if n := stored(t, pool, "true"); n != 1 {
		t.Errorf("%d sessions are stored, of which one has ended", n)
	}
}

func TestSessionsEndWithTheirPassword(t *testing.T) {
	t.Parallel()
	pool := postgrestest.Pool(t)
	former := access.NewSessions(pool, access.SessionParams{Credential: []byte("former")})
	same := access.NewSessions(pool, access.SessionParams{Credential: []byte("former")}) // of another process
	changed := access.NewSessions(pool, access.SessionParams{Credential: []byte("changed")})
	cookie := visit(t, former, nil, signIn(former))
	if !signedIn(t, same, cookie) {
		t.Error("another process with the same password does not know the session")
	}
	if signedIn(t, changed, cookie) {
		t.Error("a session goes on with a password that is none any more")
	}
	if stored(t, pool, "strpos(encode(data, 'escape'), 'former') > 0") != 0 {
		t.Error("the database holds the credential")
	}
}

func TestSessionCookie(t *testing.T) {
	t.Parallel()
	pool := postgrestest.Pool(t)
	for name, p := range map[string]access.SessionParams{"connectd_session": {}, "__Host-connectd_session": {Secure: true}} {
		s := access.NewSessions(pool, p)
		c := visit(t, s, nil, signIn(s))
		if c.Name != name || c.Secure != p.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
			t.Errorf("%+v", c)
		}
	}
}

func TestSigningOutEverywhereEndsAllSessions(t *testing.T) {
	t.Parallel()
	pool := postgrestest.Pool(t)
	s := access.NewSessions(pool, access.SessionParams{})
	here, elsewhere := visit(t, s, nil, signIn(s)), visit(t, s, nil, signIn(s))
	visit(t, s, here, func(ctx context.Context) error {
		return s.SignOutEverywhere(ctx, time.Now(), s.Actor(ctx, "192.0.2.1:1234"))
	})
	if signedIn(t, s, here) || signedIn(t, s, elsewhere) {
		t.Error("somebody is signed in")
	}
	if again := visit(t, s, nil, signIn(s)); !signedIn(t, s, again) {
		t.Error("nobody can sign in any more")
	}
	rows, _ := pool.Query(t.Context(), `select format('%s %s %s', actor, address, action) from audit order by id`) // CollectRows has its error
	acts, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"admin 192.0.2.1 sign_in", "admin 192.0.2.1 sign_in", "admin 192.0.2.1 sign_out_everywhere", "admin 192.0.2.1 sign_in"}
	if diff := cmp.Diff(want, acts); diff != "" {
		t.Error(diff)
	}
}

// TestARequestUnderWayBringsNoSessionBack: scs stores the session again at the end of each request.
func TestARequestUnderWayBringsNoSessionBack(t *testing.T) {
	t.Parallel()
	s := access.NewSessions(postgrestest.Pool(t), access.SessionParams{})
	for name, end := range map[string]func(context.Context) error{
		"signed out": signOut(s),
		"signed out everywhere": func(ctx context.Context) error {
			return s.SignOutEverywhere(ctx, time.Now(), s.Actor(ctx, "192.0.2.1:1234"))
		},
	} {
		cookie := visit(t, s, nil, signIn(s))
		visit(t, s, cookie, func(ctx context.Context) error {
			if !s.SignedIn(ctx) {
				t.Errorf("%s: the request has no session", name)
			}
			visit(t, s, cookie, end)
			s.Put(ctx, "anything", "at all")
			return nil
		})
		if signedIn(t, s, cookie) {
			t.Errorf("%s: the session is back", name)
		}
	}
}

func TestWhoIsNotSignedInIsNobody(t *testing.T) {
	t.Parallel()
	pool := postgrestest.Pool(t)
	s := access.NewSessions(pool, access.SessionParams{})
	visit(t, s, nil, func(ctx context.Context) error {
		if who := s.Actor(ctx, "192.0.2.1:1234"); who != (account.Actor{}) {
			t.Errorf("%+v", who)
		}
		return s.SignOut(ctx, time.Now(), s.Actor(ctx, "192.0.2.1:1234"))
	})
	var n int
	if err := pool.QueryRow(t.Context(), "select count(*) from audit").Scan(&n); err != nil || n > 0 {
		t.Errorf("%d acts of nobody (%v)", n, err)
	}
}
