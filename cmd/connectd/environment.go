package main

import (
	"cmp"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/alecthomas/kong"

	"github.com/connectd/connectd/internal/app"
)

// secrets may each be read from a file named by their name and _FILE.
var secrets = []string{
	"DATABASE_URL", "CONNECTD_DATABASE_DIRECT_URL", "STRIPE_SECRET_KEY", "STRIPE_ENDPOINT_SECRET",
	"CONNECTD_ADMIN_PASSWORD", "CONNECTD_ADMIN_PASSWORD_HASH", "CONNECTD_SMTP_URL",
}

const fileSuffix = "_FILE"

// readEnvironment makes the environment what the parser can read, and returns what is wrong with it.
func readEnvironment(model *kong.Application) []error {
	dropEmpty(model)
	wrong := loadEnvironment()
	dropEmpty(model)
	return slices.Concat(wrong, unknown(model), malformed(model))
}

// dropEmpty takes out what is set to nothing, as docker compose does for a ${VARIABLE} that is not set: kong would read it.
func dropEmpty(model *kong.Application) {
	for name := range settings(model) {
		if os.Getenv(name) == "" {
			_ = os.Unsetenv(name) // fails only for names that can't be set
		}
	}
}

// chooseEnvironment has --env choose the .env file, as CONNECTD_ENV does: the file has to be read before the arguments are, for it
// says what they leave out.
func chooseEnvironment(args []string) {
	for i, arg := range args {
		if arg == "--" {
			return
		}
		value, said := strings.CutPrefix(arg, "--env=")
		if arg == "--env" && i+1 < len(args) {
			value, said = args[i+1], true
		}
		if said {
			_ = os.Setenv("CONNECTD_ENV", value) // fails only for values that no argument can have
		}
	}
}

func chosenEnvironment() string { return cmp.Or(os.Getenv("CONNECTD_ENV"), "development") }

// loadEnvironment adds .env.development, or .env.production where CONNECTD_ENV says so, and the secrets' files. What the
// environment has already wins. It returns what is wrong.
func loadEnvironment() []error {
	name := chosenEnvironment()
	if name != "development" && name != "production" {
		return nil // malformed says so
	}
	var wrong []error
	ofEnvironment := secretsSet()
	if err := loadEnvFile(".env." + name); err != nil {
		wrong = append(wrong, err)
	}
	for _, secret := range secrets {
		preferEnvironment(ofEnvironment, secret)
		if err := loadSecretFile(secret); err != nil {
			wrong = append(wrong, err)
		}
	}
	return wrong
}

// secretsSet are the names that are set, of secrets and of their files.
func secretsSet() map[string]bool {
	set := map[string]bool{}
	for _, secret := range secrets {
		for _, name := range []string{secret, secret + "_FILE"} {
			set[name] = os.Getenv(name) != ""
		}
	}
	return set
}

// preferEnvironment drops the form of a secret that only the .env file has, where the environment has the other.
func preferEnvironment(ofEnvironment map[string]bool, secret string) {
	file := secret + "_FILE"
	switch {
	case ofEnvironment[secret] && !ofEnvironment[file]:
		_ = os.Unsetenv(file) // fails only for names that can't be set
	case ofEnvironment[file] && !ofEnvironment[secret]:
		_ = os.Unsetenv(secret)
	}
}

func loadSecretFile(name string) error {
	path := os.Getenv(name + fileSuffix)
	if path == "" {
		return nil
	}
	wrong := func(what string) error {
		return &app.SettingError{Name: name + fileSuffix, What: what, Example: name + "_FILE=/run/secrets/" + strings.ToLower(name)}
	}
	if os.Getenv(name) != "" {
		return &app.SettingError{
			Name: name, What: "and " + name + "_FILE are both set, and only one of them may be",
			Example: name + "_FILE=/run/secrets/" + strings.ToLower(name),
		}
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return wrong("can't be read: " + err.Error())
	}
	secret := strings.TrimSpace(string(content))
	if secret == "" {
		return wrong("names " + path + ", which is empty")
	}
	return os.Setenv(name, secret)
}

// malformed takes settings that can't be read for what they are out of the environment, so that the rest is looked at too,
// and returns an error for each.
func malformed(model *kong.Application) []error {
	var wrong []error
	for name, flag := range settings(model) {
		value, set := os.LookupEnv(name)
		if !set || readable(flag, value) {
			continue
		}
		wrong = append(wrong, fmt.Errorf("%s is not %s (example: %s)", name, kindOf(flag), cmp.Or(flag.Default, flag.PlaceHolder)))
		_ = os.Unsetenv(name) // fails only for names that can't be set
	}
	slices.SortFunc(wrong, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return wrong
}

func readable(flag *kong.Flag, value string) bool {
	if len(flag.EnumSlice()) > 0 && flag.Enum != "" && !slices.Contains(flag.EnumSlice(), value) {
		return false
	}
	target := reflect.New(flag.Target.Type()).Elem()
	return flag.Parse(kong.ScanFromTokens(kong.Token{Type: kong.FlagValueToken, Value: value}), target) == nil
}

func kindOf(flag *kong.Flag) string {
	switch {
	case flag.Enum != "":
		return "one of " + strings.Join(flag.EnumSlice(), ", ")
	case flag.Target.Type().String() == "time.Duration":
		return "a duration"
	case flag.IsBool():
		return "true or false"
	}
	return "a number"
}

// ofTests are names that are no flags: tests read them.
var ofTests = []string{"CONNECTD_PAYLOADS"}

const ownPrefix = "CONNECTD_"

// unknown names each CONNECTD_… that is no setting, with the one that it may stand for.
func unknown(model *kong.Application) []error {
	known := slices.Clone(ofTests)
	for name := range settings(model) {
		known = append(known, name)
	}
	for _, secret := range secrets {
		known = append(known, secret+"_FILE")
	}
	slices.Sort(known)
	var wrong []error
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, ownPrefix) && !slices.Contains(known, name) {
			wrong = append(wrong, fmt.Errorf("%s is not a setting (%s)", name, guess(name, known)))
		}
	}
	return wrong
}

// guess names the setting that a misspelt one may stand for: what differs in more than a third of its letters does not.
func guess(name string, known []string) string {
	distance := func(to string) int { return levenshtein.ComputeDistance(name, to) }
	nearest := slices.MinFunc(known, func(a, b string) int { return cmp.Compare(distance(a), distance(b)) })
	if distance(nearest) > len(strings.TrimPrefix(name, ownPrefix))/3 {
		return ".env.sample has them all"
	}
	return "did you mean " + nearest + "?"
}

// settings are all flags of all commands that the environment can set, by the variable's name.
func settings(model *kong.Application) map[string]*kong.Flag {
	found := map[string]*kong.Flag{}
	_ = kong.Visit(model, func(node kong.Visitable, next kong.Next) error { // the visitor never fails
		if flag, ok := node.(*kong.Flag); ok {
			for _, name := range flag.Envs {
				found[name] = flag
			}
		}
		return next(nil)
	})
	return found
}
