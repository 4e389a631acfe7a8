package main

import (
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/postgres/pooltest"
	"github.com/connectd/connectd/internal/waittest"
)

// fewSessions are those that all connections of two processes share: they would take 17 each by themselves.
const fewSessions = 5

// TestTwoProcessesBehindPgBouncer do all that connectd does, over fewer sessions than they have connections, and one after the
// other is killed: sellers connect, webhooks come, the scan runs, the feed is followed, changes are told, mails are sent.
func TestTwoProcessesBehindPgBouncer(t *testing.T) {
	t.Parallel()
	f := newTraffic(t)
	bouncer := pooltest.New(t, f.url, pooltest.Transaction, fewSessions)
	mails := newMailbox(t)
	env := f.env("DATABASE_URL="+bouncer.URL(), "CONNECTD_DATABASE_DIRECT_URL="+f.url, "CONNECTD_SCAN_CRON=@every 1s",
		"CONNECTD_STRIPE_RATE=200", "CONNECTD_SMTP_URL=smtp://"+mails.address+"?starttls=off")
	serve := func() (*process, string) {
		p, ready := start(t, env, "serve", "--addr", "127.0.0.1:0")
		f.BaseURL = ready.BaseURL
		return p, ready.BaseURL
	}
	first, a := serve()
	second, b := serve()
	f.createKey(env)
	f.APIKey = f.key
	f.lead(a, b)
	f.hear()
	balancer := newBalancer(t)
	balancer.set(t, a, b)
	replica, err := client.New(balancer.URL, f.key).Replica(t.Context())
	if err != nil {
		t.Fatal(err)
	}

	end := f.begin()
	f.progress(30)
	f.connectByMail()
	first.Signal(t, syscall.SIGKILL)
	f.lead(b)
	balancer.set(t, b)
	third, c := serve()
	f.lead(b, c)
	balancer.set(t, b, c)
	f.progress(30)
	second.Signal(t, syscall.SIGKILL)
	f.lead(c)
	balancer.set(t, c)
	f.progress(30)
	end()

	f.holdAll()
	mails.holdOne(t, "ada@example.com", "Your Stripe account is connected")
	f.holdReplica(replica)
	third.Signal(t, syscall.SIGTERM)
	if third.Err != nil {
		t.Errorf("it ended with %v\n%s", third.Err, third.Log)
	}
	for _, p := range []*process{first, second, third} {
		for _, words := range []string{"prepared statement", "cached plan"} {
			if strings.Contains(p.Log.String(), words) {
				t.Errorf("the log says %q:\n%s", words, p.Log)
			}
		}
	}
	t.Logf("%d webhooks stored, %d answers, %d checks, %d refused while processes were killed", f.total(), f.reads.Load(), f.checks(), f.refused.Load())
}

// connectByMail connects a seller through the pages, whom a mail then tells.
func (f *traffic) connectByMail() {
	f.t.Helper()
	f.API(f.t, http.MethodPost, "/v1/onboarding-links", `{"seller_id":"ada","email":"ada@example.com"}`, http.StatusCreated, nil)
	f.Connect(f.t, "ada", "complete")
	waittest.Within(f.t, time.Minute, "the seller's readiness", func() bool { return f.Readiness(f.t, "ada").CanTransact })
}

func (f *traffic) total() (n int) {
	for _, sent := range f.sent {
		n += sent
	}
	return n
}

// holdReplica waits until the replica says of each seller what the database does.
func (f *traffic) holdReplica(replica *client.Replica) {
	f.t.Helper()
	for i := range f.fleet.ids {
		seller := fmt.Sprintf("s%d", i)
		waittest.Within(f.t, time.Minute, "the replica to know "+seller, func() bool {
			known, ok := replica.Readiness(seller)
			return ok && known.Version == ask[int64](f.fleet, "select version from sellers where id = $1", seller)[0]
		})
	}
}

// TestDoctorSaysWhatAPoolerNeeds, and serve does not start without it.
func TestDoctorSaysWhatAPoolerNeeds(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 1)
	shared := "DATABASE_URL=" + pooltest.New(t, f.url, pooltest.Transaction, fewSessions).URL()
	ownSession := "DATABASE_URL=" + pooltest.New(t, f.url, pooltest.Session, 20).URL()
	for name, c := range map[string]struct {
		env  []string
		says string
	}{
		"nothing but the pooler": {[]string{shared}, "wrong pooler DATABASE_URL leads by a pooler of transactions"},
		"the same twice":         {[]string{shared, "CONNECTD_DATABASE_DIRECT_URL=" + shared[len("DATABASE_URL="):]}, "CONNECTD_DATABASE_DIRECT_URL leads by a pooler of transactions too"},
		"both ways":              {[]string{shared, "CONNECTD_DATABASE_DIRECT_URL=" + f.url}, "ok pooler DATABASE_URL leads by a pooler of transactions, CONNECTD"},
		"sessions":               {[]string{ownSession}, "ok pooler DATABASE_URL leads by a pooler that leaves each connection its session"},
		"a way for nothing":      {[]string{"CONNECTD_DATABASE_DIRECT_URL=" + f.url}, "ok pooler none is in the way"},
	} {
		out, words, _ := connectd(t, f.env(c.env...), "doctor")
		if said := strings.Join(strings.Fields(out+words), " "); !strings.Contains(said, c.says) {
			t.Errorf("%s: doctor says\n%s", name, out+words)
		}
	}
	if out, words, _ := connectd(t, f.env(), "doctor"); strings.Contains(out+words, "pooler") {
		t.Errorf("where none is, doctor says\n%s%s", out, words)
	}
	for _, command := range [][]string{{"serve", "--addr", "127.0.0.1:0"}, {"migrate", "up"}} {
		_, words, code := connectd(t, f.env(shared), command...)
		if code != 1 || !strings.Contains(words, "set CONNECTD_DATABASE_DIRECT_URL to a URL") {
			t.Errorf("%v: code %d: %s", command, code, words)
		}
	}
}
