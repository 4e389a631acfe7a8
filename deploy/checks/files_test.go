// Package checks holds what deploy/ and the Dockerfile say against their schemas and against the program, as far as a machine
// without containers can. It is a module of its own, so that what it takes for that is nothing of connectd's.
package checks

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

const root = "../.."

// drain is how long connectd takes to end, at the most.
const drain = 15 * time.Second

// TestComposeFileIsOne: by the schema of the Compose specification, and by what the loader holds against each other.
func TestComposeFileIsOne(t *testing.T) {
	project := loadCompose(t)
	secrets := map[string]bool{}
	for name := range project.Secrets {
		secrets[name] = true
	}
	for _, name := range []string{"connectd-1", "connectd-2"} {
		service, err := project.GetService(name)
		if err != nil {
			t.Fatal(err)
		}
		if grace := service.StopGracePeriod; grace == nil || time.Duration(*grace) <= drain {
			t.Errorf("%s is given %v to end, and may take %v", name, grace, drain)
		}
		if !service.ReadOnly || service.DependsOn["postgres"].Condition != types.ServiceConditionHealthy {
			t.Errorf("%s is written to, or does not wait for Postgres: %+v", name, service.DependsOn)
		}
		for variable, value := range service.Environment {
			file, isFile := strings.CutSuffix(variable, "_FILE")
			if isFile && (value == nil || !secrets[filepath.Base(*value)]) {
				t.Errorf("%s: %s is not read from a secret", name, file)
			}
		}
	}
}

func loadCompose(t *testing.T) *types.Project {
	t.Helper()
	options, err := cli.NewProjectOptions([]string{filepath.Join(root, "deploy", "compose.yaml")},
		cli.WithEnv([]string{"CONNECTD_SITE=connect.example.com", "STRIPE_OAUTH_CLIENT_ID=ca_1"}))
	if err != nil {
		t.Fatal(err)
	}
	project, err := options.LoadProject(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return project
}

// TestSecretsStayOutOfGitAndTheImage: they lie in the checkout, which is the build's context.
func TestSecretsStayOutOfGitAndTheImage(t *testing.T) {
	private := []string{filepath.Join(root, "deploy", ".env")}
	for _, secret := range loadCompose(t).Secrets {
		private = append(private, secret.File)
	}
	for _, file := range private {
		if out, err := run(t.Context(), "git", "check-ignore", file); err != nil {
			t.Errorf("git takes %s: %v %s", file, err, out)
		}
	}
	ignored, err := os.ReadFile(filepath.Join(root, ".dockerignore"))
	if err != nil {
		t.Fatal(err)
	}
	for _, pattern := range []string{"**/.env", "deploy/secrets"} {
		if !slices.Contains(strings.Split(string(ignored), "\n"), pattern) {
			t.Errorf("the image's build takes %s", pattern)
		}
	}
}

// TestDockerfileIsOne: it is parsed and linted by BuildKit's own code; the last stage runs as a user who is a number, and looks at
// its health by the binary.
func TestDockerfileIsOne(t *testing.T) {
	last := image(t)
	if last.user == "" || !regexp.MustCompile(`^[1-9][0-9]*:[1-9][0-9]*$`).MatchString(last.user) {
		t.Errorf("it runs as %q, which Kubernetes can't tell from root", last.user)
	}
	if strings.Join(last.health, " ") != "CMD /connectd health" {
		t.Errorf("its health is looked at by %q", last.health)
	}
}

// container is what the image's last stage says of a container.
type container struct {
	user            string
	env             []string
	command, health []string
}

func image(t *testing.T) (last container) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := parser.Parse(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	lint := linter.New(&linter.Config{Warn: func(rule, description, url, message string, _ []parser.Range) {
		t.Errorf("%s: %s (%s, %s)", rule, message, description, url)
	}})
	stages, _, err := instructions.Parse(parsed.AST, lint)
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range stages[len(stages)-1].Commands {
		last.take(command)
	}
	return last
}

func (c *container) take(command instructions.Command) {
	switch command := command.(type) {
	case *instructions.UserCommand:
		c.user = command.User
	case *instructions.EnvCommand:
		for _, pair := range command.Env {
			c.env = append(c.env, pair.String())
		}
	case *instructions.EntrypointCommand:
		c.command = append(command.CmdLine, c.command...)
	case *instructions.CmdCommand:
		c.command = append(c.command, command.CmdLine...)
	case *instructions.HealthCheckCommand:
		c.health = command.Health.Test
	}
}

// TestUnitIsOne: by systemd's own word, which looks for the program too; hardened is what its audit finds.
func TestUnitIsOne(t *testing.T) {
	unit, err := os.ReadFile(filepath.Join(root, "deploy", "connectd.service"))
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(t.TempDir(), "connectd.service")
	here := strings.Replace(string(unit), "/usr/local/bin/connectd", os.Args[0], 1)
	if err := os.WriteFile(copied, []byte(here), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := run(t.Context(), "systemd-analyze", "verify", copied); err != nil || out != "" {
		t.Errorf("systemd-analyze verify: %v: %s", err, out)
	}
	out, err := run(t.Context(), "systemd-analyze", "security", "--offline=true", copied)
	found := regexp.MustCompile(`Overall exposure level for connectd.service: ([0-9.]+)`).FindStringSubmatch(out)
	if err != nil || found == nil {
		t.Fatalf("systemd-analyze security: %v: %s", err, out)
	}
	if exposure, err := strconv.ParseFloat(found[1], 64); err != nil || exposure > 1.5 {
		t.Errorf("the unit is exposed to %s, of which 1.5 is permitted:\n%s", found[1], out)
	}
}

// TestCaddyfileIsOne, for a name on the internet and for this machine.
func TestCaddyfileIsOne(t *testing.T) {
	for _, site := range []string{"connect.example.com", "localhost"} {
		cmd := exec.CommandContext(t.Context(), "caddy", "validate", "--adapter", "caddyfile", "--config", filepath.Join(root, "deploy", "Caddyfile"))
		cmd.Env = append(os.Environ(), "CONNECTD_SITE="+site, "CONNECTD_UPSTREAMS=127.0.0.1:1 127.0.0.1:2", "HOME="+t.TempDir())
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", site, err, out)
		}
	}
}

func run(ctx context.Context, name string, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	return string(out), err
}
