package checks

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestTwoBehindCaddy: as deploy/Caddyfile says, but for TLS. A stream comes as it is sent, and while one connectd after the other is
// replaced under load, nobody is answered with an error.
func TestTwoBehindCaddy(t *testing.T) {
	addrs := []string{freeAddr(t), freeAddr(t)}
	replicas := []*process{replica(t, addrs[0]), replica(t, addrs[1])}
	proxy, at := caddy(t, addrs)
	streamed(t, at)
	strangerNamesNoRequest(t, at)

	load := newLoad(t, at)
	for i, addr := range addrs {
		replicas[i].stop(t)
		proxy.eventually(t, "Caddy's notice that it is gone", func() bool { return strings.Contains(proxy.log.String(), `"host":"`+addr+`"`) })
		load.goesOn(t, proxy)
		replicas[i] = replica(t, addr)
		proxy.eventually(t, "Caddy's notice that it is there", func() bool { return strings.Count(proxy.log.String(), "host is up") > i })
		load.goesOn(t, proxy)
	}
	load.end()
	t.Logf("%d requests were answered while both were replaced", load.answered.Load())
	if failed := load.failed(); len(failed) != 0 {
		t.Errorf("%d were not: %q", len(failed), failed[0])
	}
}

func replica(t *testing.T, addr string) *process {
	t.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), binary, "serve")
	cmd.Dir = folder(t)
	cmd.Env = environment(append(stripe(), "CONNECTD_ADDR="+addr, "BASE_URL=http://"+addr, "CONNECTD_TRUSTED_PROXIES=127.0.0.1",
		"CONNECTD_DRAIN_DELAY="+*loadCompose(t).Services["connectd-1"].Environment["CONNECTD_DRAIN_DELAY"],
		"DATABASE_URL="+demo.DatabaseURL, "STRIPE_SECRET_KEY="+demo.PlatformKey, "STRIPE_ENDPOINT_SECRET="+demo.WebhookSecret)...)
	p := start(t, cmd)
	p.serves(t, "http://"+addr+"/readyz")
	return p
}

// caddy runs with the Caddyfile, on a free port and without its own API's, and says where.
func caddy(t *testing.T, upstreams []string) (p *process, at string) {
	t.Helper()
	at = "http://" + freeAddr(t)
	env := environment("CONNECTD_SITE="+at, "CONNECTD_UPSTREAMS="+strings.Join(upstreams, " "), "HOME="+folder(t))
	adapt := exec.CommandContext(t.Context(), "caddy", "adapt", "--config", filepath.Join(root, "deploy", "Caddyfile"), "--adapter", "caddyfile")
	adapt.Env = env
	adapted, err := adapt.Output()
	if err != nil {
		t.Fatal(err)
	}
	var config map[string]any
	if err := json.Unmarshal(adapted, &config); err != nil {
		t.Fatal(err)
	}
	config["admin"] = map[string]any{"disabled": true}
	encoded, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder(t), "caddy.json")
	write(t, string(encoded), file, 0o600)
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), "caddy", "run", "--config", file)
	cmd.Env = env
	p = start(t, cmd)
	p.serves(t, at+"/readyz")
	return p, at
}

// streamed wants a change's event from a stream that goes on.
func streamed(t *testing.T, at string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	res := ask(t, ctx, http.MethodGet, at+"/v1/changes/stream", "")
	defer res.Body.Close()
	if got := res.Header.Get("Content-Type"); !strings.HasPrefix(got, "text/event-stream") || res.StatusCode != http.StatusOK {
		t.Fatalf("the stream is %s, %s", res.Status, got)
	}
	accounts := ask(t, ctx, http.MethodGet, at+"/v1/accounts?can_transact=true&limit=1", "")
	var list struct{ Data []struct{ ID string } }
	err := json.NewDecoder(accounts.Body).Decode(&list)
	if _ = accounts.Body.Close(); err != nil || len(list.Data) == 0 {
		t.Fatalf("the accounts: %v, %+v", err, list)
	}
	_ = ask(t, ctx, http.MethodPost, demo.SandboxURL+"/sandbox/accounts/"+list.Data[0].ID, `{"charges_enabled":false}`).Body.Close()
	lines := bufio.NewScanner(res.Body)
	for lines.Scan() {
		if lines.Text() == "event: change" {
			return
		}
	}
	t.Fatalf("the stream ended without the change: %v", lines.Err())
}

// strangerNamesNoRequest: connectd trusts the proxy, which must not pass on what anyone made up.
func strangerNamesNoRequest(t *testing.T, at string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, at+"/readyz", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Request-Id", "somebody-elses")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if id := res.Header.Get("X-Request-Id"); id == "" || id == "somebody-elses" {
		t.Errorf("a stranger's request is %q in the log", id)
	}
}

func ask(t *testing.T, ctx context.Context, method, url, body string) *http.Response { //nolint:revive // the test comes first
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+demo.APIKey)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// load asks without an end.
type load struct {
	at       string
	stopped  chan struct{}
	running  sync.WaitGroup
	answered atomic.Int64

	mu     sync.Mutex
	faults []string
}

func newLoad(t *testing.T, at string) *load {
	t.Helper()
	l := &load{at: at, stopped: make(chan struct{})}
	for i := range 8 {
		l.running.Go(func() { l.run(i) })
	}
	t.Cleanup(l.end)
	return l
}

// goesOn waits for answers to what was asked from now on.
func (l *load) goesOn(t *testing.T, proxy *process) {
	t.Helper()
	before := l.answered.Load()
	proxy.eventually(t, "answers", func() bool { return l.answered.Load() > before+100 })
}

// end may be called again.
func (l *load) end() {
	l.mu.Lock()
	select {
	case <-l.stopped:
	default:
		close(l.stopped)
	}
	l.mu.Unlock()
	l.running.Wait()
}

// run asks by GET and by POST, whose bodies a proxy can't send twice.
func (l *load) run(i int) {
	for {
		select {
		case <-l.stopped:
			return
		default:
		}
		req, err := http.NewRequest(http.MethodGet, l.at+"/v1/sellers/complete/readiness", nil) //nolint:noctx // its answer is wanted
		if i%2 == 1 {
			req, err = http.NewRequest(http.MethodPost, l.at+"/v1/readiness", strings.NewReader(`{"seller_ids":["complete"]}`)) //nolint:noctx
		}
		if err == nil {
			err = l.send(req)
		}
		if err != nil {
			l.fault(err.Error())
		}
		l.answered.Add(1)
	}
}

func (l *load) send(req *http.Request) error {
	req.Header.Set("Authorization", "Bearer "+demo.APIKey)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		l.fault(req.Method + " " + res.Status)
	}
	return res.Body.Close()
}

func (l *load) fault(what string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.faults = append(l.faults, what)
}

func (l *load) failed() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.faults
}

// TestNoFaultOfTheLoadIsLost: many fail at once where connectd is away, and each is one that somebody was answered with.
func TestNoFaultOfTheLoadIsLost(t *testing.T) {
	const each = 10_000
	l := &load{}
	for range 8 {
		l.running.Go(func() {
			for range each {
				l.fault("503")
			}
		})
	}
	l.running.Wait()
	if got := len(l.failed()); got != 8*each {
		t.Errorf("of %d faults %d are known", 8*each, got)
	}
}
