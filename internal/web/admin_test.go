package web_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/mux"
	"github.com/jackc/pgx/v5"
	"golang.org/x/net/html/atom"

	"github.com/connectd/connectd/internal/access"
)

func TestSignInStandsInThePlaceOfThePage(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, asked := range []string{"/admin/accounts?status=restricted&q=a+b", "/admin/accounts/acct_1"} {
		t.Run(asked, func(t *testing.T) {
			b := s.browser()
			form := b.get(asked).want(http.StatusOK)
			if fields := form.all(atom.Input); len(fields) != 1 || attr(fields[0], "name") != "password" {
				t.Fatalf("the form has %d fields", len(fields))
			}
			to := form.button("Sign in")
			b.post(to, url.Values{"password": {"wrong"}}).want(http.StatusUnauthorized).shows("not the password").button("Sign in")
			b.get(asked).button("Sign in")

			back := b.post(to, url.Values{"password": {password}}).want(http.StatusSeeOther).Header.Get("Location")
			if back != asked {
				t.Errorf("signed in, and sent to %s", back)
			}
			b.get(back).hides("Sign in")
		})
	}
}

func TestOtherWaysIntoAdmin(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, path := range []string{"/admin/", "/admin/login"} {
		t.Run(path, func(t *testing.T) {
			b := s.browser()
			to := b.get(path).want(http.StatusOK).button("Sign in")
			b.post(to, url.Values{"password": {password}}).want(http.StatusSeeOther)
			if to := b.get(path).want(http.StatusSeeOther).Header.Get("Location"); to != "/admin" {
				t.Errorf("leads to %s", to)
			}
		})
	}
}

func TestNothingIsDoneForWhoIsNotSignedIn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.connected("seller_1", "complete")
	at := "/admin/accounts/" + s.accountOf("seller_1")
	before := s.checkedAt("seller_1")
	to := s.browser().post(at+"/recheck", nil).want(http.StatusUnauthorized).hides("seller_1").button("Sign in")
	if to != at {
		t.Errorf("signing in leads to %s", to)
	}
	if after := s.checkedAt("seller_1"); !after.Equal(before) {
		t.Error("the account was checked")
	}
}

func TestSignOutEndsTheSession(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.signedIn()
	table := b.get("/admin/accounts")
	copied := b.copyOf()
	if to := b.post(table.button("Sign out"), nil).want(http.StatusSeeOther).Header.Get("Location"); to != "/admin/accounts" {
		t.Errorf("signing out leads to %s", to)
	}
	b.get("/admin/accounts").button("Sign in")
	copied.get("/admin/accounts").button("Sign in") // the cookie is worth nothing elsewhere either
}

func TestTooManySignInsAtOnceAreTurnedAway(t *testing.T) {
	t.Parallel()
	slow := *argon2id.DefaultParams
	slow.Iterations *= 8
	hash, err := argon2id.CreateHash(password, &slow)
	if err != nil {
		t.Fatal(err)
	}
	s := startSite(t, time.Now, access.AdminConfig{PasswordHash: hash})
	pages := make([]*page, 60)
	var group sync.WaitGroup
	for i := range pages {
		b := s.browser().at(fmt.Sprintf("198.51.100.%d", i))
		group.Go(func() { pages[i] = b.post("/admin/accounts", url.Values{"password": {"wrong"}}) })
	}
	group.Wait()
	turnedAway := 0
	for _, p := range pages {
		if p.StatusCode == http.StatusServiceUnavailable {
			turnedAway++
			p.shows("Too many are trying to sign in", "try again in a few seconds").button("Sign in")
		}
	}
	if turnedAway == 0 {
		t.Error("nobody was turned away")
	}
	s.signedIn()
}

func TestWhoGuessesHasToWait(t *testing.T) {
	t.Parallel()
	s := fixedSite(t)
	b := s.browser().at("198.51.100.1")
	for range 10 {
		b.post("/admin/accounts", url.Values{"password": {"wrong"}}).want(http.StatusUnauthorized)
	}
	p := b.post("/admin/accounts", url.Values{"password": {password}}).want(http.StatusTooManyRequests).shows("try again in 1 minute.")
	if logged := strings.Count(s.logs.String(), "a sign-in was refused\" status=401 address=198.51.100.1"); logged != 10 {
		t.Errorf("%d refusals are logged with their address:\n%s", logged, s.logs)
	}
	if p.Header.Get("Retry-After") != "60" || p.button("Sign in") != "/admin/accounts" {
		t.Errorf("%v", p.Header)
	}
	s.browser().at("198.51.100.2").post("/admin/accounts", url.Values{"password": {password}}).want(http.StatusSeeOther)
}

func TestSignOutEverywhereEndsAllSessions(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	here, elsewhere := s.signedIn(), s.signedIn()
	to := here.post(here.get("/admin/accounts").button("Sign out everywhere"), nil).want(http.StatusSeeOther).Header.Get("Location")
	here.get(to).button("Sign in")
	elsewhere.get("/admin/accounts").button("Sign in")
}

func TestWhatAnAdminDoesIsKeptWithTheAddress(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.connected("seller_1", "complete")
	id := s.accountOf("seller_1")
	b := s.browser().at("203.0.113.9, 198.51.100.1")
	b.post("/admin/accounts", url.Values{"password": {password}}).want(http.StatusSeeOther)
	b.post("/admin/accounts/"+id+"/recheck", nil).want(http.StatusSeeOther)
	b.post("/admin/accounts.csv", url.Values{"id": {id}}).want(http.StatusOK)
	b.post("/admin/logout", nil).want(http.StatusSeeOther)
	a, err := s.registry.Account(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	acts, err := s.registry.Acts(t.Context(), a, 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, act := range acts {
		got = append(got, act.By.Name+" "+act.By.Address+" "+act.Action)
	}
	want := []string{"admin 198.51.100.1 create_link", "admin 198.51.100.1 recheck", "connectd  create_link"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	var sessions int
	err = s.pool.QueryRow(t.Context(), `select count(*) from audit where action in ('sign_in', 'sign_out') and address = '198.51.100.1'`).Scan(&sessions)
	if err != nil || sessions != 2 {
		t.Errorf("%d acts of the session (%v)", sessions, err)
	}
}

func TestWithoutAPasswordNobodySignsIn(t *testing.T) {
	t.Parallel()
	b := startSite(t, time.Now, access.AdminConfig{}).browser()
	b.get("/admin/accounts").want(http.StatusOK).shows("CONNECTD_ADMIN_PASSWORD_HASH")
	b.post("/admin/accounts", url.Values{"password": {""}}).want(http.StatusUnauthorized).shows("Nobody can sign in")
}

func TestEveryAdminRouteAsksWhoOneIs(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.connected("seller_1", "complete")
	id, guarded := s.accountOf("seller_1"), 0
	err := s.router.Walk(func(route *mux.Route, _ *mux.Router, _ []*mux.Route) error {
		path, _ := route.GetPathTemplate()
		methods, _ := route.GetMethods()
		if !strings.HasPrefix(path, "/admin") || path == "/admin/logout" {
			return nil
		}
		for _, method := range methods {
			from := fmt.Sprintf("192.0.2.%d", guarded/5) // an address has ten wrong passwords
			p := s.browser().at(from).do(method, strings.ReplaceAll(path, "{id}", id), nil, nil)
			if method != http.MethodPost && p.StatusCode == http.StatusSeeOther { // where a form was sent: it leads to the room, which asks
				p.hides("seller_1")
				p = s.browser().at(from).get(p.Header.Get("Location"))
			}
			status := http.StatusOK
			if method == http.MethodPost {
				status = http.StatusUnauthorized
			}
			p.want(status).hides("seller_1", "Sign out")
			if method != http.MethodHead {
				p.button("Sign in")
			}
			guarded++
		}
		return nil
	})
	if err != nil || guarded < 10 {
		t.Errorf("%d routes (%v)", guarded, err)
	}
}

// TestAdminIsToldThatTheDatabaseIsAway, and led back to where one was.
func TestAdminIsToldThatTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b, stranger := s.signedIn(), s.browser()
	s.databaseIsAway()
	for at, p := range map[string]*page{
		"/admin/accounts?q=a":    b.get("/admin/accounts?q=a"),
		"/statusz":               b.get("/statusz"),
		"/admin/accounts/acct_1": b.post("/admin/accounts/acct_1/recheck", nil),
		"/admin/accounts":        b.post("/admin/logout", nil),
		"/admin/accounts?q=b":    stranger.post("/admin/accounts?q=b", url.Values{"password": {password}}),
	} {
		p.want(http.StatusServiceUnavailable).shows("The database does not answer", "see that it runs and can be reached").hides("tell the platform")
		if to := p.link("Try again"); to != at {
			t.Errorf("leads to %s, not %s", to, at)
		}
	}
	stranger.get("/connect/nothing").want(http.StatusInternalServerError).shows("tell the platform")
}

// databaseIsAway ends the pool's connections, and lets none in.
func (s *site) databaseIsAway() {
	s.t.Helper()
	name, elsewhere := s.pool.Config().ConnConfig.Database, s.pool.Config().ConnConfig.Copy()
	elsewhere.Database = "postgres"
	conn, err := pgx.ConnectConfig(s.t.Context(), elsewhere)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(s.t.Context())) }()
	for _, sql := range []string{
		"alter database " + pgx.Identifier{name}.Sanitize() + " allow_connections false",
		"select pg_terminate_backend(pid) from pg_stat_activity where datname = '" + name + "'",
	} {
		if _, err := conn.Exec(s.t.Context(), sql); err != nil {
			s.t.Fatal(err)
		}
	}
}

func TestSessionsThatCannotBeReadAreAnErrorPage(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.signedIn()
	s.exec("drop table sessions")
	p := b.get("/admin/accounts").want(http.StatusInternalServerError).shows("Something went wrong").hides("sessions", "SQLSTATE")
	if p.Header.Get("Content-Security-Policy") == "" || !strings.Contains(s.logs.String(), "route=/admin/accounts") {
		t.Errorf("%v\n%s", p.Header, s.logs)
	}
}
