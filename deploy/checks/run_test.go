package checks

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// TestTheImageRuns: in a root that has what the Dockerfile puts there and nothing else, as its user, who can write nowhere.
func TestTheImageRuns(t *testing.T) {
	says, dir, addr := image(t), folder(t), freeAddr(t)
	copyFile(t, binary, filepath.Join(dir, "connectd"), 0o755)
	copyFile(t, "/etc/ssl/certs/ca-certificates.crt", filepath.Join(dir, "etc/ssl/certs/ca-certificates.crt"), 0o644)
	secret := pageSecrets(t, "## With compose")["stripe_endpoint_secret"]
	uid, gid, _ := strings.Cut(says.user, ":")
	inside := func(args []string) *exec.Cmd {
		cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
		cmd.Dir = "/"
		cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: dir, Credential: &syscall.Credential{Uid: number(t, uid), Gid: number(t, gid)}}
		cmd.Env = slices.Concat(says.env, stripe(), []string{
			"CONNECTD_ADDR=" + addr, "BASE_URL=http://" + addr, "DATABASE_URL=" + demo.DatabaseURL, "STRIPE_SECRET_KEY=" + demo.PlatformKey,
			"STRIPE_ENDPOINT_SECRET=" + secret, "CONNECTD_SCAN_CRON=CRON_TZ=Europe/Dublin 0 3 * * *", // needs time zones
		})
		return cmd
	}
	if inside(says.health[1:]).Run() == nil {
		t.Error("it is well before it runs")
	}
	p := start(t, inside(says.command))
	p.eventually(t, "its health check", func() bool { return inside(says.health[1:]).Run() == nil })
	p.serves(t, "http://"+addr+"/readyz")
	p.stop(t)
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
		t.Errorf("it has written: %v, %v", entries, err)
	}
}

func number(t *testing.T, text string) uint32 {
	t.Helper()
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	return uint32(n)
}

// dynamicUser is one of those that DynamicUser= takes (systemd.exec(5)).
const dynamicUser = 61184

// TestTheUnitRuns: its command and environment, as a user of its own, with credentials; and systemd hears of it.
func TestTheUnitRuns(t *testing.T) {
	content, err := os.ReadFile(filepath.Join(root, "deploy", "connectd.service"))
	if err != nil {
		t.Fatal(err)
	}
	unit, dir, addr := string(content), folder(t), freeAddr(t)
	credentials, state := filepath.Join(dir, "credentials"), filepath.Join(dir, "state")
	values := pageSecrets(t, "## Under systemd")
	values["database_url"], values["stripe_secret_key"] = demo.DatabaseURL, demo.PlatformKey
	for _, credential := range valuesOf(unit, "LoadCredential") {
		name, _, _ := strings.Cut(credential, ":")
		if values[name] == "" {
			t.Errorf("there is no %s", name)
		}
		write(t, values[name]+"\n", filepath.Join(credentials, name), 0o400)
		if err := os.Chown(filepath.Join(credentials, name), dynamicUser, dynamicUser); err != nil {
			t.Fatal(err)
		}
	}
	systemd := newSystemd(t, filepath.Join(dir, "notify"))
	command := strings.Fields(strings.Replace(valuesOf(unit, "ExecStart")[0], "/usr/local/bin/connectd", binary, 1))
	cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: dynamicUser, Gid: dynamicUser}}
	if err := own(filepath.Join(state, "connectd")); err != nil {
		t.Fatal(err)
	}
	specifiers := strings.NewReplacer("%d", credentials, "%S", state)
	cmd.Dir = specifiers.Replace(valuesOf(unit, "WorkingDirectory")[0])
	cmd.Env = append(pageSettings(t), stripe()...)
	cmd.Env = append(cmd.Env, "CONNECTD_ADDR="+addr, "BASE_URL=http://"+addr, "NOTIFY_SOCKET="+systemd.socket, "WATCHDOG_USEC=30000000")
	for _, value := range valuesOf(unit, "Environment") {
		cmd.Env = append(cmd.Env, specifiers.Replace(value))
	}
	p := start(t, cmd)
	p.eventually(t, "READY=1", func() bool { return slices.Contains(systemd.told(), "READY=1") })
	p.serves(t, "http://"+addr+"/readyz")
	p.eventually(t, "a beat of the watchdog", func() bool { return slices.Contains(systemd.told(), "WATCHDOG=1") })
	p.stop(t)
	if !slices.Contains(systemd.told(), "STOPPING=1") {
		t.Errorf("systemd was told %q", systemd.told())
	}
}

// own makes a folder of the unit's user alone, in one that all may pass through.
func own(dir string) error {
	return errors.Join(os.Mkdir(filepath.Dir(dir), 0o755), os.Mkdir(dir, 0o700), os.Chown(dir, dynamicUser, dynamicUser))
}

// pageBlock is the block of docs/deploying.md that has the words, of those after a heading.
func pageBlock(t *testing.T, heading, words string) string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(root, "docs", "deploying.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(page), heading)
	for _, block := range strings.Split(after, "```") {
		if strings.HasPrefix(block, "sh\n") && strings.Contains(block, words) {
			return strings.TrimPrefix(block, "sh\n")
		}
	}
	t.Fatalf("no block under %q has %q", heading, words)
	return ""
}

// pageSettings are the environment file that the page has its reader write, as systemd reads one: what begins with # is a
// comment, and all behind a = is the value (systemd.exec(5)).
func pageSettings(t *testing.T) (settings []string) {
	t.Helper()
	for line := range strings.Lines(pageBlock(t, "## Under systemd", "BASE_URL=")) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			settings = append(settings, line)
		}
	}
	return settings
}

// pageSecrets are the files that the page has its reader make, by its own commands.
func pageSecrets(t *testing.T, heading string) map[string]string {
	t.Helper()
	_, script, _ := strings.Cut(pageBlock(t, heading, ">stripe_endpoint_secret"), "\n") // the first line goes to their folder
	script = strings.ReplaceAll(strings.ReplaceAll(script, "go run ../../cmd/connectd", "connectd"), "connectd admin hash", binary+" admin hash")
	cmd := exec.CommandContext(t.Context(), "bash", "-euc", script)
	cmd.Dir, cmd.Stdin = t.TempDir(), strings.NewReader("correct horse\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	made, err := os.ReadDir(cmd.Dir)
	if err != nil {
		t.Fatal(err)
	}
	secrets := map[string]string{}
	for _, file := range made {
		content, err := os.ReadFile(filepath.Join(cmd.Dir, file.Name()))
		if err != nil {
			t.Fatal(err)
		}
		secrets[file.Name()] = string(content)
	}
	return secrets
}

// systemd is its end of NOTIFY_SOCKET.
type systemd struct {
	socket string

	mu  sync.Mutex
	all []string
}

func newSystemd(t *testing.T, socket string) *systemd {
	t.Helper()
	s := &systemd{socket: socket}
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err == nil {
		err = os.Chmod(socket, 0o777)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	go s.read(conn)
	return s
}

func (s *systemd) read(conn *net.UnixConn) {
	buffer := make([]byte, 1024)
	for {
		n, err := conn.Read(buffer)
		if err != nil {
			return // closed
		}
		s.mu.Lock()
		s.all = append(s.all, string(buffer[:n]))
		s.mu.Unlock()
	}
}

func (s *systemd) told() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.all)
}
