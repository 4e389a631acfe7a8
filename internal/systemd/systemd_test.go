package systemd_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/connectd/connectd/internal/systemd"
)

// listen is systemd's end: what is told to it.
func listen(t *testing.T, name string) *net.UnixConn {
	t.Helper()
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	t.Setenv("NOTIFY_SOCKET", name)
	return conn
}

func told(t *testing.T, conn *net.UnixConn) string {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	buffer := make([]byte, 1024)
	n, err := conn.Read(buffer)
	if err != nil {
		t.Fatal(err)
	}
	return string(buffer[:n])
}

func TestEachStateIsOneMessage(t *testing.T) {
	conn := listen(t, filepath.Join(t.TempDir(), "notify"))
	manager := systemd.FromEnvironment()
	for _, state := range []string{systemd.Ready, systemd.Stopping} {
		if err := manager.Tell(state); err != nil {
			t.Fatal(err)
		}
		if got := told(t, conn); got != state {
			t.Errorf("systemd was told %q, want %q", got, state)
		}
	}
}

func TestWhatIsStartedFromHereCanNotSpeakForTheService(t *testing.T) {
	listen(t, filepath.Join(t.TempDir(), "notify"))
	t.Setenv("WATCHDOG_USEC", "1000")
	systemd.FromEnvironment()
	for _, name := range []string{"NOTIFY_SOCKET", "WATCHDOG_USEC"} {
		if value, set := os.LookupEnv(name); set {
			t.Errorf("%s is still %q", name, value)
		}
	}
}

func TestWithoutSystemdNobodyIsTold(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	manager := systemd.FromEnvironment()
	if err := manager.Tell(systemd.Ready); err != nil {
		t.Error(err)
	}
	manager.Beat(t.Context(), func(context.Context) error { t.Error("it was asked"); return nil }, func(error) {}) // returns
}

func TestTheWatchdogHearsOnlyWhileTheServiceWorks(t *testing.T) {
	conn := listen(t, filepath.Join(t.TempDir(), "notify"))
	t.Setenv("WATCHDOG_USEC", "3000")
	t.Setenv("WATCHDOG_PID", strconv.Itoa(os.Getpid()))
	manager := systemd.FromEnvironment()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	broken, asked, missed := errors.New("broken"), 0, 0
	manager.Beat(ctx, func(ctx context.Context) error {
		switch asked++; asked {
		case 1:
			return broken
		case 2: // it hangs
			<-ctx.Done()
			return ctx.Err()
		case 5:
			stop()
			return broken
		}
		return nil
	}, func(error) { missed++ })
	if missed != 2 {
		t.Errorf("%d beats were missed, want 2", missed)
	}
	if err := manager.Tell("END"); err != nil {
		t.Fatal(err)
	}
	var all []string
	for len(all) == 0 || all[len(all)-1] != "END" {
		all = append(all, told(t, conn))
	}
	if len(all) != 3 || all[0] != "WATCHDOG=1" || all[1] != "WATCHDOG=1" {
		t.Errorf("of five looks, two of which found it well, systemd was told %q", all)
	}
}

func TestTheWatchdogOfAnotherProcessIsNotOurs(t *testing.T) {
	listen(t, filepath.Join(t.TempDir(), "notify"))
	t.Setenv("WATCHDOG_USEC", "3000")
	t.Setenv("WATCHDOG_PID", "1")
	systemd.FromEnvironment().Beat(t.Context(), func(context.Context) error { t.Error("it was asked"); return nil }, func(error) {})
}
