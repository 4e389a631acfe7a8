package main

import (
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
)

func TestVersionIsTheReleasesElseWhatTheGoCommandStamped(t *testing.T) {
	t.Parallel()
	const commit, date = "83a7f4b", "2026-11-27T08:01:40Z"
	stamped := []debug.BuildSetting{{Key: "vcs.revision", Value: commit}, {Key: "vcs.time", Value: date}}
	dirty := append([]debug.BuildSetting{{Key: "vcs.modified", Value: "true"}}, stamped...)
	released := build{"v2.0.0", "0123abc", "2027-01-01T00:00:00Z"}
	for name, c := range map[string]struct {
		info *debug.BuildInfo
		told build
		want build
	}{
		"a release":                {&debug.BuildInfo{Main: debug.Module{Version: "(devel)"}}, released, released},
		"a release by go install":  {&debug.BuildInfo{Main: debug.Module{Version: "v1.2.0"}}, build{}, build{version: "v1.2.0"}},
		"a commit":                 {&debug.BuildInfo{Settings: stamped}, build{}, build{"", commit, date}},
		"a commit, and then edits": {&debug.BuildInfo{Settings: dirty}, build{}, build{"", commit + "-dirty", date}},
		"nothing":                  {nil, build{}, build{}},
	} {
		if got := buildOf(c.info, c.told); got != c.want {
			t.Errorf("%s: got %+v, want %+v", name, got, c.want)
		}
	}
	if got, want := (build{}).String(), "connectd (devel) commit (unknown) date (unknown) "+runtime.Version(); !strings.HasPrefix(got, want) {
		t.Errorf("got %q, want %q first", got, want)
	}
	if out := expect(t, 0, nil, "version"); !strings.HasPrefix(out, "connectd ") || !strings.Contains(out, runtime.Version()) {
		t.Errorf("connectd version printed %q", out)
	}
}
