package main

import (
	"fmt"
	"runtime/debug"
)

type versionCommand struct{}

func (versionCommand) Run(to console) error {
	_, err := fmt.Fprintln(to.out, "connectd", version())
	return err
}

// version is the module's version as the Go command stamped it, or the commit.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}
