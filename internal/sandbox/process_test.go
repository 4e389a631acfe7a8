package sandbox_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/connectd/connectd/internal/sandbox"
)

// processVariable names the state file of a sandbox that this test binary is to be, as a process that can be killed.
const processVariable = "SANDBOX_TEST_STATE_FILE"

// serveUntilKilled is such a process, until its standard input ends. It prints its URL and its key, and writes its state
// file anew whenever that has doubled.
func serveUntilKilled(path string) {
	s, err := sandbox.Start(context.Background(), sandbox.Config{
		StateFile: path, RewriteFrom: 1, RetryDelay: 20 * time.Millisecond,
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(s.URL(), s.Platform().Key)
	_, _ = io.Copy(io.Discard, os.Stdin) // ends with the test that started it
	os.Exit(0)
}

// process is a sandbox of its own process.
type process struct {
	cmd      *exec.Cmd
	url, key string
}

func startProcess(t *testing.T, path string) *process {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), processVariable+"="+path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the sandbox did not start: %v", err)
	}
	url, key, _ := strings.Cut(strings.TrimSpace(line), " ")
	return &process{cmd: cmd, url: url, key: key}
}

func (p *process) kill(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = p.cmd.Wait() // says that it was killed
}

// ask is an error where there was no answer of 200.
func (p *process) ask(client *http.Client, method, path, body string, into any) error {
	req, err := http.NewRequestWithContext(context.Background(), method, p.url+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+p.key)
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close() //nolint:errcheck // only read
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s", method, path, res.Status)
	}
	return json.NewDecoder(res.Body).Decode(into)
}
