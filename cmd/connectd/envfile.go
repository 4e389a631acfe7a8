package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/joho/godotenv"
)

// loadEnvFile adds what the file sets and the environment does not; a file that is not there sets nothing. No error repeats
// what can't be read: it may be a secret.
func loadEnvFile(path string) error {
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("the file %s can't be read: %w: let connectd read it, or remove it", path, err)
	}
	if line, what := faultOf(content); what != "" {
		return fmt.Errorf("the file %s can't be read: line %d %s (example of a line: STRIPE_SECRET_KEY=sk_test_…)", path, line, what)
	}
	return godotenv.Load(path)
}

// faultOf finds the first line that can't be read, and says what is wrong with it; "" where all can be.
func faultOf(content []byte) (line int, what string) {
	lines := slices.Collect(bytes.Lines(content))
	for i, text := range lines {
		if !utf8.Valid(text) || bytes.IndexByte(text, 0) >= 0 {
			return i + 1, "is not UTF-8 text"
		}
	}
	err := parse(content)
	if err == nil {
		return 0, ""
	}
	// A value in quotes may go over several lines, so what is wrong begins after the longest beginning that can be read.
	good := len(lines) - 1
	for good > 0 && parse(bytes.Join(lines[:good], nil)) != nil {
		good--
	}
	for good < len(lines)-1 && len(bytes.TrimSpace(lines[good])) == 0 {
		good++
	}
	return good + 1, whatIsWrong(string(lines[good]), err)
}

var errNameless = errors.New("a line has no name")

func parse(content []byte) error {
	values, err := godotenv.UnmarshalBytes(append(bytes.Clone(content), '\n'))
	if _, nameless := values[""]; err == nil && nameless {
		return errNameless
	}
	return err
}

func whatIsWrong(line string, err error) string {
	name, _, assigned := strings.Cut(line, "=")
	name = strings.TrimSpace(name)
	switch {
	case !assigned && !strings.Contains(line, ":"):
		return "has no ="
	case name == "" || name == "export":
		return "has no name before the ="
	case strings.HasPrefix(err.Error(), "unterminated quoted value"):
		return "opens a quote that is not closed"
	}
	return "has a name with other characters than letters, digits, _ and ."
}
