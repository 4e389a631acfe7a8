package postgres

import (
	"context"
	"fmt"
	"os"
	"strings"
	"syscall"
)

// ownProgram is this program's file, also where it was deleted since, as `go run` and `go test` do.
func ownProgram() (string, error) { return "/proc/self/exe", nil }

// serverProcess makes the kernel shut the server down should the supervisor itself be killed.
func serverProcess() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGINT}
}

// commandLine is what the process was started with, "" if it is gone.
func commandLine(_ context.Context, pid int) string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		return ""
	}
	return strings.ReplaceAll(string(text), "\x00", " ")
}
