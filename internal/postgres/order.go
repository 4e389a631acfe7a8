package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"
)

// How a process is told that it is a supervisor: both, so that neither a stray argument nor a variable that a child
// inherits makes one.
const (
	supervisorArgument = "postgres-supervisor"
	supervisorVariable = "CONNECTD_POSTGRES_SUPERVISOR"
)

// order is what a supervisor is asked for, in JSON on its standard input. That pipe then stays open for as long as the
// server is wanted.
type order struct {
	Dir        string        `json:"dir"`
	Port       int           `json:"port"`      // 0: a free one
	LastPort   int           `json:"last_port"` // preferred where Port is 0
	PID        int           `json:"pid"`       // who asks
	Binaries   binaries      `json:"binaries"`
	Durability durability    `json:"durability"`
	Lifetime   lifetime      `json:"lifetime"`
	Idle       time.Duration `json:"idle"` // with whileUsed: for how long nobody has to use the server
}

// lifetime says when a supervisor stops its server.
type lifetime string

const (
	whilePiped lifetime = "while piped" // until the pipe from who asked closes, which kill -9 closes too
	whileUsed  lifetime = "while used"  // until nobody has held the folder's users file for some time
)

// answer is the one line of JSON that a supervisor says on its standard output: a port, or what went wrong.
type answer struct {
	Port  int    `json:"port,omitempty"`
	Error string `json:"error,omitempty"`
}

// hired is a supervisor whose server takes connections.
type hired struct {
	cmd  *exec.Cmd
	pipe io.Closer // open for as long as the server is wanted
	port int
}

// hire starts this program once more as a supervisor and returns once it has answered. On an error none is left.
func hire(ctx context.Context, o order) (*hired, error) {
	cmd, err := supervisorCommand(folder(o.Dir))
	if err != nil {
		return nil, err
	}
	defer cmd.Stderr.(*os.File).Close()
	orders, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	answers, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	defer answers.Close()
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the supervisor: %w", err)
	}
	port, err := converse(ctx, o, orders, answers)
	if err != nil {
		_ = orders.Close()
		_ = cmd.Wait() // it has said what went wrong
		return nil, err
	}
	return &hired{cmd: cmd, pipe: orders, port: port}, nil
}

// converse gives the order and waits for the answer. It hangs up when ctx ends.
func converse(ctx context.Context, o order, orders io.WriteCloser, answers io.Reader) (port int, err error) {
	dontHangUp := context.AfterFunc(ctx, func() { orders.Close() })
	defer dontHangUp()
	if err := json.NewEncoder(orders).Encode(o); err != nil {
		return 0, fmt.Errorf("order a server: %w", err)
	}
	var a answer
	err = json.NewDecoder(answers).Decode(&a)
	switch {
	case ctx.Err() != nil:
		return 0, context.Cause(ctx)
	case err != nil:
		return 0, fmt.Errorf("the supervisor gave no answer (is postgres.Main the first line of main and of TestMain?): %w", err)
	case a.Error != "":
		return 0, errors.New(a.Error)
	}
	return a.Port, nil
}

// supervisorCommand is this program as a supervisor, in a session of its own: a terminal's Ctrl-C is for connectd, which
// needs its database until it has drained. It says what it has to say into the server's log.
func supervisorCommand(f folder) (*exec.Cmd, error) {
	program, err := ownProgram()
	if err != nil {
		return nil, fmt.Errorf("find this program's file: %w", err)
	}
	log, err := openLog(f)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(program, supervisorArgument) //nolint:noctx // it outlives any context
	cmd.Args[0] = os.Args[0]                         // what ps shows
	cmd.Env = append(serverEnviron(), supervisorVariable+"=1")
	cmd.Dir = string(f)
	cmd.Stderr = log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return cmd, nil
}

// serverEnviron is what Postgres and its supervisor need of the environment: no setting or secret of connectd's, and no
// PG variable or locale that would change what they do.
func serverEnviron() []string {
	wanted := []string{"PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LOCALE_ARCHIVE", "GOCOVERDIR", "GORACE"}
	// A program with the race detector in it would sleep for a second before it exits.
	// https://go.dev/doc/articles/race_detector#Options
	environ := []string{"LC_ALL=C", "GORACE=atexit_sleep_ms=0"}
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if slices.Contains(wanted, name) {
			environ = append(environ, entry)
		}
	}
	return environ
}
