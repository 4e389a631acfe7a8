package main

import (
	"fmt"
	"runtime/debug"
	"strings"
)

type versionCommand struct{}

func (versionCommand) Run(to console) error {
	info, _ := debug.ReadBuildInfo()
	_, err := fmt.Fprintln(to.out, "connectd", versionOf(info), goVersionOf(info))
	return err
}

// version is this program's.
func version() string {
	info, _ := debug.ReadBuildInfo()
	return versionOf(info)
}

// versionOf is the module's version as the Go command stamped it, else the commit and its time, with -dirty where files
// were changed since. `go test`, and `go run` of a file, stamp neither.
func versionOf(info *debug.BuildInfo) string {
	if info == nil {
		return "(unknown)"
	}
	if info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	stamped := map[string]string{}
	for _, s := range info.Settings {
		stamped[s.Key] = s.Value
	}
	if stamped["vcs.revision"] == "" {
		return "(devel)"
	}
	if stamped["vcs.modified"] == "true" {
		stamped["vcs.revision"] += "-dirty"
	}
	return strings.TrimSpace(stamped["vcs.revision"] + " " + stamped["vcs.time"])
}

func goVersionOf(info *debug.BuildInfo) string {
	if info == nil {
		return ""
	}
	return info.GoVersion
}
