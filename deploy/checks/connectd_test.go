package checks

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// binary is a release's for this machine, and demo a running one, whose database and sandbox the others work on.
var (
	binary string
	demo   ready
)

// ready is what a demo's ready file says.
type ready struct {
	BaseURL       string `json:"base_url"`
	SandboxURL    string `json:"sandbox_url"`
	APIKey        string `json:"api_key"`
	WebhookSecret string `json:"webhook_secret"`
	PlatformKey   string `json:"platform_key"`
	ClientID      string `json:"client_id"`
	DatabaseURL   string `json:"database_url"`
}

func TestMain(m *testing.M) {
	if os.Getuid() != 0 {
		fmt.Println("these tests become the users that the files name: run them as root, on a machine to throw away")
		os.Exit(1)
	}
	dir, err := os.MkdirTemp("/tmp", "connectd-checks-")
	if err != nil {
		panic(err)
	}
	code := 1
	if stop, err := prepare(dir); err == nil {
		code = m.Run()
		stop()
	} else {
		fmt.Println(err)
	}
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// prepare builds the binary and starts a demo.
func prepare(dir string) (stop func(), err error) {
	if err := os.Chmod(dir, 0o711); err != nil { // other users pass through
		return nil, err
	}
	build := exec.Command(root+"/deploy/release.sh", dir, runtime.GOOS+"/"+runtime.GOARCH)
	build.Env = append(os.Environ(), "VERSION=checks", "COMMIT=checks", "DATE=checks")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, out)
	}
	binary = filepath.Join(dir, "connectd_checks_"+runtime.GOOS+"_"+runtime.GOARCH)
	file := filepath.Join(dir, "ready.json")
	var log bytes.Buffer
	cmd := exec.Command(binary, "demo", "--sellers", "3", "--addr", "127.0.0.1:0", "--sandbox-addr", "127.0.0.1:0", "--data-dir", filepath.Join(dir, "demo"), "--ready-file", file)
	cmd.Env, cmd.Stdout, cmd.Stderr = environment(), &log, &log
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	stop = func() { _ = cmd.Process.Signal(syscall.SIGTERM); _ = cmd.Wait() }
	began := time.Now()
	for range time.Tick(50 * time.Millisecond) {
		content, err := os.ReadFile(file)
		if err == nil && json.Unmarshal(content, &demo) == nil {
			return stop, nil
		}
		if time.Since(began) > 2*time.Minute {
			break
		}
	}
	stop()
	return nil, fmt.Errorf("the demo is not ready:\n%s", &log)
}

// environment is this process's without any setting of connectd's, and more.
func environment(more ...string) []string {
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}
	return append(env, more...)
}

// stripe is what serve needs to work on the demo's sandbox.
func stripe() []string {
	return []string{"STRIPE_OAUTH_CLIENT_ID=" + demo.ClientID, "STRIPE_API_BASE=" + demo.SandboxURL, "STRIPE_CONNECT_BASE=" + demo.SandboxURL}
}

// process runs beside the test.
type process struct {
	cmd   *exec.Cmd
	log   *lockedBuffer
	ended chan struct{}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func start(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{cmd: cmd, log: &lockedBuffer{}, ended: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = p.log, p.log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { _ = cmd.Wait(); close(p.ended) }()
	t.Cleanup(func() { _ = cmd.Process.Kill(); <-p.ended })
	return p
}

// stop ends it as a manager does, and wants that it ends well.
func (p *process) stop(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case <-p.ended:
	case <-time.After(time.Minute):
		t.Fatalf("it did not end:\n%s", p.log)
	}
	if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		t.Errorf("it ended with %d:\n%s", code, p.log)
	}
}

// eventually waits for a condition while the process runs.
func (p *process) eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for range time.Tick(20 * time.Millisecond) {
		if holds() {
			return
		}
		select {
		case <-p.ended:
			t.Fatalf("it ended before %s:\n%s", what, p.log)
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("waited too long for %s:\n%s", what, p.log)
		}
	}
}

func (p *process) serves(t *testing.T, url string) {
	t.Helper()
	p.eventually(t, "an answer of "+url, func() bool {
		res, err := http.Get(url) //nolint:noctx // it is asked again and again
		if err != nil {
			return false
		}
		_ = res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
}

// freeAddr is where nobody listens.
func freeAddr(t *testing.T) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// folder is one that other users can pass through.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "connectd-checks-") //nolint:usetesting // its parents are closed to other users
	if err == nil {
		err = os.Chmod(dir, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func write(t *testing.T, content, path string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
}

func copyFile(t *testing.T, from, to string, mode os.FileMode) {
	t.Helper()
	content, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	write(t, string(content), to, mode)
}

// valuesOf are what a unit gives a key, in its order.
func valuesOf(unit, key string) (values []string) {
	for line := range strings.Lines(unit) {
		if value, found := strings.CutPrefix(strings.TrimSpace(line), key+"="); found {
			values = append(values, value)
		}
	}
	return values
}
