package browsertest

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/connectd/connectd/internal/processtest"
	"github.com/connectd/connectd/internal/walktest"
)

func TestMain(m *testing.M) {
	code := m.Run()
	stopChromium()
	removeConnectd()
	os.Exit(code)
}

// removeConnectd removes the program that the tests have built, if they have.
var removeConnectd = func() {}

// connectd is the program whose pages are looked at.
var connectd = sync.OnceValues(func() (processtest.Program, error) {
	program, remove, err := processtest.Build()
	if err == nil {
		removeConnectd = remove
	}
	return program, err
})

// startDemo starts a demo on free ports, with a data folder of its own.
func startDemo(t *testing.T, env []string, more ...string) (*processtest.Process, walktest.Walk) {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "connectd-") //nolint:usetesting // where the server's own user can enter
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	args := []string{"demo", "--addr", "127.0.0.1:0", "--sandbox-addr", "127.0.0.1:0", "--data-dir", filepath.Join(dir, "demo")}
	program, err := connectd()
	if err != nil {
		t.Fatal(err)
	}
	demo, ready := program.Start(t, env, append(args, more...)...)
	return demo, walktest.Walk{Ready: ready}
}
