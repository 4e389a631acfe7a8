package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// openTerminal returns a pseudo-terminal, and the end from which to read what is written to it (pty(7)).
func openTerminal(t *testing.T) (reader, terminal *os.File) {
	t.Helper()
	reader, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = reader.Close() })
	fd := int(reader.Fd()) //nolint:gosec // a file's descriptor fits
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = terminal.Close() })
	if err := unix.IoctlSetWinsize(int(terminal.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 100}); err != nil { //nolint:gosec // likewise
		t.Fatal(err)
	}
	return reader, terminal
}

// readAll reads to the end, which comes when nobody has the terminal open any more.
func readAll(reader *os.File) <-chan string {
	shown := make(chan string)
	go func() {
		var text bytes.Buffer
		_, _ = text.ReadFrom(reader) // fails with EIO then
		shown <- text.String()
	}()
	return shown
}

func TestScanShowsABarOnATerminal(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 20)
	reader, terminal := openTerminal(t)
	cmd := exec.CommandContext(t.Context(), os.Args[0], "scan", "--all", "--wait")
	var report bytes.Buffer
	cmd.Env, cmd.Dir, cmd.Stdout, cmd.Stderr = environment(f.env("CONNECTD_STRIPE_RATE=10")...), t.TempDir(), &report, terminal
	shown := readAll(reader)
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	_ = terminal.Close()
	text := <-shown
	t.Logf("shown:\n%s", strings.ReplaceAll(text, "\r", "\n"))
	says(t, text, "\r", "checking", "0% ", "100% ", "(20/20", "accounts/s")
	if strings.Contains(report.String(), "checking") || !strings.Contains(report.String(), `"state": "finished"`) {
		t.Errorf("standard output holds %s", report.String())
	}
}

func TestImportShowsABarOnATerminal(t *testing.T) {
	t.Parallel()
	f := newStrangers(t, 250)
	f.prepare(250)
	reader, terminal := openTerminal(t)
	cmd := exec.CommandContext(t.Context(), os.Args[0], "accounts", "import")
	cmd.Env, cmd.Dir, cmd.Stderr = environment(f.env()...), t.TempDir(), terminal
	shown := readAll(reader)
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	_ = terminal.Close()
	says(t, <-shown, "\r", "importing", "250", "250 imported")
}
