package main

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"

	_ "time/tzdata" // CRON_TZ names zones, also where nothing but this program is: the image is made from scratch
)

// What `make release` says with -ldflags "-X main.releaseVersion=…"; a build without it knows what the Go command stamped.
var releaseVersion, releaseCommit, releaseDate string

type versionCommand struct{}

func (versionCommand) Run(to console) error {
	_, err := fmt.Fprintln(to.out, built())
	return err
}

// built is this program.
func built() build {
	info, _ := debug.ReadBuildInfo()
	return buildOf(info, build{releaseVersion, releaseCommit, releaseDate})
}

// build says what was built, from which commit, and when that was made.
type build struct{ version, commit, date string }

func (b build) String() string {
	return fmt.Sprintf("connectd %s commit %s date %s %s %s/%s", cmp.Or(b.version, "(devel)"), cmp.Or(b.commit, "(unknown)"),
		cmp.Or(b.date, "(unknown)"), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// buildOf is what the release said, else what the Go command stamped, with -dirty where files were changed since. `go test`,
// and `go run` of a file, stamp nothing.
func buildOf(info *debug.BuildInfo, released build) build {
	if info == nil {
		return released
	}
	stamped := map[string]string{}
	for _, s := range info.Settings {
		stamped[s.Key] = s.Value
	}
	if stamped["vcs.revision"] != "" && stamped["vcs.modified"] == "true" {
		stamped["vcs.revision"] += "-dirty"
	}
	return build{
		version: cmp.Or(released.version, info.Main.Version), commit: cmp.Or(released.commit, stamped["vcs.revision"]),
		date: cmp.Or(released.date, stamped["vcs.time"]),
	}
}
