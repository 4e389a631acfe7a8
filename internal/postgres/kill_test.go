package postgres_test

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/connectd/connectd/internal/waittest"
)

func supervisorPID(t *testing.T, dir string) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "holder.json"))
	if err != nil {
		t.Fatal(err)
	}
	var holder struct {
		Supervisor int `json:"supervisor"`
	}
	if err := json.Unmarshal(text, &holder); err != nil {
		t.Fatal(err)
	}
	return holder.Supervisor
}

// startProcess runs this test binary as a process that holds a server, and returns once it says where that is.
func startProcess(t *testing.T, variable, dir string) (process *exec.Cmd, url string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), variable+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { kill(t, cmd) })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the process with the server said nothing: %v", err)
	}
	return cmd, strings.TrimSpace(line)
}

func kill(t *testing.T, process *exec.Cmd) {
	t.Helper()
	if process.ProcessState != nil {
		return
	}
	if err := process.Process.Kill(); err != nil {
		t.Error(err)
	}
	_ = process.Wait() // says that it was killed
}

func TestKilledProcessLeavesNoServerAndItsData(t *testing.T) {
	t.Parallel()
	dir := serverDir(t)
	process, url := startProcess(t, serveVariable, dir)
	keep(t, url)
	left := []int{serverPID(t, dir), supervisorPID(t, dir)}

	kill(t, process)

	for _, pid := range left {
		waittest.Until(t, "gone: a process of the server", func() bool { return gone(pid) })
	}
	checkKept(t, start(t, dir).URL())
}

func TestStartTakesOverFromAProcessKilledThisMoment(t *testing.T) {
	t.Parallel()
	dir := serverDir(t)
	process, url := startProcess(t, serveVariable, dir)
	keep(t, url)

	if err := process.Process.Kill(); err != nil {
		t.Fatal(err)
	}

	checkKept(t, start(t, dir).URL())
}

func TestStartTakesOverWhereTheSupervisorWasKilledToo(t *testing.T) {
	t.Parallel()
	dir := serverDir(t)
	process, url := startProcess(t, serveVariable, dir)
	keep(t, url)
	former := serverPID(t, dir)

	if err := syscall.Kill(supervisorPID(t, dir), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	kill(t, process)

	checkKept(t, start(t, dir).URL())
	waittest.Until(t, "gone: the former server", func() bool { return gone(former) })
}

func TestStartTakesOverWhereAllWasKilled(t *testing.T) {
	t.Parallel()
	dir := serverDir(t)
	process, url := startProcess(t, serveVariable, dir)
	keep(t, url)

	for _, pid := range []int{supervisorPID(t, dir), serverPID(t, dir)} {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	kill(t, process)

	checkKept(t, start(t, dir).URL())
}

func TestSharedServerSurvivesTheKillOfWhoStartedIt(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	process, url := startProcess(t, shareVariable, dir)
	supervisor := supervisorPID(t, dir)

	kill(t, process)

	again, second := startProcess(t, shareVariable, dir)
	if second != url {
		t.Error("a second server was started")
	}
	query[int](t, second, "select 1")
	kill(t, again)
	waittest.Until(t, "gone: the supervisor of a server that nobody uses", func() bool { return gone(supervisor) })
}
