package main

import (
	"bytes"
	"fmt"
	"go/format"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/connectd/connectd/internal/app"
	"github.com/connectd/connectd/internal/testlog"
	"github.com/connectd/connectd/internal/waittest"
	"github.com/connectd/connectd/internal/walktest"
)

const apiPage = "../../docs/api.md"

// TestThePageOnTheAPI does what docs/api.md says, block by block as its reader would, on a demo: what is printed has to be as
// the page shows it, and what it does not show must not be printed.
func TestThePageOnTheAPI(t *testing.T) {
	blocks := blocksOf(t, apiPage)
	settings := regexp.MustCompile(`CONNECTD_\S+=\S+`).FindAllString(blocks[0].text, -1)
	if blocks[0].kind != "sh demo" || len(settings) == 0 {
		t.Fatalf("the page does not begin with a demo: %+v", blocks[0])
	}
	_, ready := start(t, settings, demoArgs(t)...)
	walk{t, walktest.Walk{Ready: ready}}.UntilAllAreChecked(t)

	newPageReader(t, apiPage, ready, "bash", "curl", "jq").readAll(blocks)
}

// readAll does what the blocks say after the first, which starts the demo.
func (r *pageReader) readAll(blocks []block) {
	r.build(blocks)
	for _, b := range blocks[1:] {
		r.read(b)
	}
	r.expectNothing()
}

// pageReader has a shell in a folder of its own.
type pageReader struct {
	t     *testing.T
	page  string
	ready app.Ready
	dir   string
	env   []string

	printed string // what the last block has printed, and nobody has looked at
	stays   *staying
}

// staying is a command that goes on until the next such, as in a shell of its own.
type staying struct {
	cmd *exec.Cmd
	out testlog.Buffer
}

func newPageReader(t *testing.T, page string, ready app.Ready, programs ...string) *pageReader {
	dir := t.TempDir()
	for _, name := range programs {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("NOT PROVED: %s is not on the PATH", name)
		}
	}
	if err := os.Symlink(os.Args[0], filepath.Join(dir, "connectd")); err != nil {
		t.Fatal(err)
	}
	if err := app.WriteReadyFile(filepath.Join(dir, "ready.json"), ready); err != nil {
		t.Fatal(err)
	}
	r := &pageReader{t: t, page: page, ready: ready, dir: dir}
	r.env = environment("PATH=" + dir + string(filepath.ListSeparator) + os.Getenv("PATH"))
	r.write(".shell", "")
	return r
}

func (r *pageReader) write(name, text string) {
	r.t.Helper()
	if err := os.WriteFile(filepath.Join(r.dir, name), []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// build makes one program of the page's Go, in a module that has nothing but the client.
func (r *pageReader) build(blocks []block) {
	var source strings.Builder
	for _, b := range blocks {
		if b.kind == "go" {
			source.WriteString(b.text + "\n")
		}
	}
	text := strings.TrimSuffix(source.String(), "\n")
	if formatted, err := format.Source([]byte(text)); err != nil || string(formatted) != text {
		r.t.Errorf("the page's Go is not formatted: %v\n%s", err, formatted)
	}
	repository, err := filepath.Abs("../..")
	if err != nil {
		r.t.Fatal(err)
	}
	r.write("main.go", text)
	r.sh("go mod init shop\n" +
		"go mod edit -require=github.com/connectd/connectd@v0.0.0 -replace='github.com/connectd/connectd=" + repository + "'\n" +
		"go vet .\ngo build -o shop .")
	r.expectNothing()
}

// read does what the block says, or looks at what the one before has printed.
func (r *pageReader) read(b block) {
	r.t.Helper()
	switch b.kind {
	case "go", "json example", "text drawing": // built; made by a test; nothing that anything prints
	case "sh":
		r.expectNothing()
		r.t.Logf("%s:%d", r.page, b.line)
		r.sh(b.text)
	case "sh stays":
		r.expectNothing()
		r.stay(b.text)
	case "text stays":
		waittest.Until(r.t, fmt.Sprintf("what %s:%d shows", r.page, b.line), func() bool { return b.fault(r.shown(r.stays.out.String())) == nil })
	default:
		if err := b.fault(r.shown(r.printed)); err != nil {
			r.t.Errorf("%s:%d shows otherwise: %v", r.page, b.line, err)
		}
		r.printed = ""
	}
}

// shown has the addresses that a demo has unless it is told otherwise.
func (r *pageReader) shown(printed string) string {
	return strings.NewReplacer(r.ready.BaseURL, "http://localhost:3001", r.ready.SandboxURL, "http://127.0.0.1:12111").Replace(printed)
}

func (r *pageReader) expectNothing() {
	r.t.Helper()
	if r.printed != "" {
		r.t.Errorf("the page does not show what is printed: %s", r.printed)
	}
	r.printed = ""
}

// sh runs a block to its end; what it sets is there for the next ones.
func (r *pageReader) sh(text string) {
	r.t.Helper()
	cmd := r.command(text + "\nexport -p >.shell\n")
	var out, words bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &words
	if err := cmd.Run(); err != nil {
		r.t.Fatalf("%v in\n%s\n%s%s", err, text, out.String(), words.String())
	}
	r.printed = out.String()
}

func (r *pageReader) command(text string) *exec.Cmd {
	cmd := exec.CommandContext(r.t.Context(), "bash", "-c", "set -aeuo pipefail; . ./.shell\n"+text)
	cmd.Dir, cmd.Env = r.dir, r.env
	return cmd
}

// stay starts one command, in the place of the one before.
func (r *pageReader) stay(text string) {
	r.t.Helper()
	r.stays.end()
	s := &staying{cmd: r.command("exec " + text)}
	s.cmd.Stdout, s.cmd.Stderr = &s.out, &s.out
	if err := s.cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	r.stays = s
	r.t.Cleanup(func() {
		s.end()
		if r.t.Failed() {
			r.t.Logf("%sprinted\n%s", text, s.out.String())
		}
	})
}

// end is Ctrl-C.
func (s *staying) end() {
	if s == nil || s.cmd.ProcessState != nil {
		return
	}
	_ = s.cmd.Process.Signal(syscall.SIGINT)
	_ = s.cmd.Wait()
}
