package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	// A holder that was killed this moment may still look alive.
	holderGrace = time.Second
	// A stopping server is given longer than stopServer takes.
	stoppingGrace = 30 * time.Second
)

type holderState string

const (
	stateStarting holderState = "starting"
	stateReady    holderState = "ready"
	stateStopping holderState = "stopping"
)

// holder says whose a data folder is. It is true while its file is locked.
type holder struct {
	PID        int         `json:"pid"` // who asked for the server
	Supervisor int         `json:"supervisor"`
	Port       int         `json:"port"` // until the state is ready, that of the last time
	State      holderState `json:"state"`
}

// claim is a supervisor's hold on a folder, until its process ends.
type claim struct {
	file *os.File
	holder
}

// claimFolder waits for a server that is being stopped, and refuses a folder whose holder is alive.
func claimFolder(ctx context.Context, o order) (*claim, error) {
	f := folder(o.Dir)
	file, err := f.open(holderName, os.O_RDWR)
	if err != nil {
		return nil, fmt.Errorf("open data folder: %w", err)
	}
	for began := time.Now(); ; {
		free, err := tryFlock(file, syscall.LOCK_EX)
		if err != nil {
			return nil, err
		}
		if free {
			c := &claim{file: file, holder: holder{PID: o.PID, Supervisor: os.Getpid(), Port: o.LastPort}}
			return c, c.enter(stateStarting)
		}
		if err := waitLonger(f, file, time.Since(began)); err != nil {
			return nil, err
		}
		if err := pause(ctx); err != nil {
			return nil, err
		}
	}
}

// waitLonger is nil while the folder's holder, by the look of it, is about to let go.
func waitLonger(f folder, file *os.File, waited time.Duration) error {
	h, err := readHolder(file)
	leaving := err != nil || h.State == stateStopping || !alive(h.PID)
	if waited < holderGrace || leaving && waited < stoppingGrace {
		return nil
	}
	return fmt.Errorf("data folder %s is in use by another connectd (process %d): stop that one, or name another folder",
		f, h.PID)
}

// enter writes the file in place: its lock is on the file, not on its name.
func (c *claim) enter(state holderState) error {
	c.State = state
	text, err := json.Marshal(c.holder)
	if err != nil {
		return err
	}
	if err := c.file.Truncate(0); err != nil {
		return fmt.Errorf("write %s: %w", c.file.Name(), err)
	}
	if _, err := c.file.WriteAt(text, 0); err != nil {
		return fmt.Errorf("write %s: %w", c.file.Name(), err)
	}
	return nil
}

// readHolder fails also where the file is being written.
func readHolder(file *os.File) (holder, error) {
	var h holder
	err := json.NewDecoder(io.NewSectionReader(file, 0, 1<<16)).Decode(&h)
	return h, err
}

// stopLeftover stops a server that runs on f's data without its supervisor, as after kill -9 of both. The caller has
// claimed the folder, so nobody else starts one.
func stopLeftover(ctx context.Context, f folder) error {
	pid, ok := f.serverPID()
	if !ok || !servesFolder(ctx, f, pid) {
		return nil
	}
	for _, step := range stopSteps {
		if err := syscall.Kill(pid, step.signal); errors.Is(err, syscall.ESRCH) {
			return nil
		}
		for began := time.Now(); time.Since(began) < step.patience; {
			if !servesFolder(ctx, f, pid) {
				return nil
			}
			if err := pause(ctx); err != nil {
				return err
			}
		}
	}
	return fmt.Errorf("the Postgres server that runs on %s (process %d) does not stop", f.data(), pid)
}

// serverPID is the process that the data's own lock file names: it may be gone, and its number another's.
func (f folder) serverPID() (int, bool) {
	pid, err := strconv.Atoi(f.pidLine(0))
	return pid, err == nil && pid > 1
}

// pidLine is a line of postmaster.pid, "" where there is none
// (https://www.postgresql.org/docs/current/storage-file-layout.html).
func (f folder) pidLine(n int) string {
	text, err := os.ReadFile(f.data() + "/postmaster.pid")
	if err != nil {
		return ""
	}
	lines := strings.Split(string(text), "\n")
	if n >= len(lines) {
		return ""
	}
	return strings.TrimSpace(lines[n])
}

func servesFolder(ctx context.Context, f folder, pid int) bool {
	return strings.Contains(commandLine(ctx, pid), "-D "+f.data()+" ")
}

// lastPort is where the folder's server listened the last time, 0 if never.
func (f folder) lastPort() int {
	file, err := f.open(holderName, os.O_RDWR)
	if err != nil {
		return 0
	}
	defer file.Close()
	h, _ := readHolder(file) // unreadable: no port
	return h.Port
}
