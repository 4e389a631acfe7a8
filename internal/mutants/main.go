// Command mutants asks whether the tests would see connectd break: it breaks one line at a time in a way that would cost sellers or
// the platform something, and runs the test that has to notice. A mutant that survives is a test that is missing.
//
// It may import nothing of connectd's. Its one rule: the tree stays as it is. A mutant is laid over its file for the compiler alone
// (go help build, -overlay), so that a run that is broken off leaves nothing behind; rapid alone keeps the example that killed one,
// in testdata/rapid, which git ignores.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(names []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	chosen, err := choose(names)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "mutants-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	root, err := os.Getwd()
	if err != nil {
		return err
	}
	return runner{root: root, dir: dir, out: os.Stdout}.run(ctx, chosen)
}

// choose takes all where none is named.
func choose(names []string) ([]mutant, error) {
	if len(names) == 0 {
		return all(), nil
	}
	var chosen []mutant
	for _, name := range names {
		i := slices.IndexFunc(all(), func(m mutant) bool { return m.name == name })
		if i < 0 {
			return nil, errors.New("there is no mutant " + name + "; internal/mutants has their list")
		}
		chosen = append(chosen, all()[i])
	}
	return chosen, nil
}
