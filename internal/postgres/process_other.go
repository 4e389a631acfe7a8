//go:build !linux

package postgres

import (
	"context"
	"os"
	"os/exec"
	"strconv"
	"syscall"
)

// ownProgram is this program's file.
func ownProgram() (string, error) { return os.Executable() }

func serverProcess() *syscall.SysProcAttr { return &syscall.SysProcAttr{} }

// commandLine is what the process was started with, "" if it is gone.
func commandLine(ctx context.Context, pid int) string {
	text, err := exec.CommandContext(ctx, "ps", "-ww", "-o", "command=", "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		return ""
	}
	return string(text)
}
