package main

import (
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
)

func TestVersionIsTheModulesElseTheCommit(t *testing.T) {
	t.Parallel()
	commit := []debug.BuildSetting{{Key: "vcs.revision", Value: "83a7f4b"}, {Key: "vcs.time", Value: "2026-11-27T08:01:40Z"}}
	dirty := append([]debug.BuildSetting{{Key: "vcs.modified", Value: "true"}}, commit...)
	for want, info := range map[string]*debug.BuildInfo{
		"v1.2.0":                             {Main: debug.Module{Version: "v1.2.0"}, Settings: commit},
		"83a7f4b 2026-11-27T08:01:40Z":       {Main: debug.Module{Version: "(devel)"}, Settings: commit},
		"83a7f4b-dirty 2026-11-27T08:01:40Z": {Settings: dirty},
		"(devel)":                            {},
		"(unknown)":                          nil,
	} {
		if got := versionOf(info); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if out := expect(t, 0, nil, "version"); !strings.HasPrefix(out, "connectd ") || !strings.Contains(out, runtime.Version()) {
		t.Errorf("connectd version printed %q", out)
	}
}
