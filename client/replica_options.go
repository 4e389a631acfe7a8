package client

import (
	"log/slog"
	"time"
)

// ReplicaOption changes what Replica makes.
type ReplicaOption func(*follower)

// SnapshotFile has the replica kept in a file (of each minute, and of its end), so that it can start while connectd can't be
// reached: it then answers from the file, as old as Age says. The file is written whole or not at all, for its owner alone,
// and used only for the base URL that it was written for.
func SnapshotFile(path string) ReplicaOption {
	return func(f *follower) { f.file.path = path }
}

// OnChange has fn called for each change, after the replica knows it, one at a time and in the feed's order; never for times
// that moved, nor for what the first snapshot says. Where the replica had to start over, it is called for each seller who
// differs. The feed waits for fn.
func OnChange(fn func(before, after Readiness)) ReplicaOption {
	return func(f *follower) { f.changed = fn }
}

// MaxAge has the replica say no once it has heard nothing for longer: CanTransact is false, with the reason not_confirmed
// first. Without it the replica answers what it knew last for as long as it takes. Reads then look at the clock, which costs
// some tens of nanoseconds. An age below a second or two asks for a no at each deployment.
func MaxAge(age time.Duration) ReplicaOption {
	return func(f *follower) { f.replica.maxAge = age }
}

// StartWithin bounds how long Client.Replica waits for the first snapshot; its error is then the last trouble.
func StartWithin(d time.Duration) ReplicaOption {
	return func(f *follower) { f.startWithin = d }
}

// Logger has what goes wrong logged; nothing is unless it is set.
func Logger(logger *slog.Logger) ReplicaOption {
	return func(f *follower) { f.logger = logger }
}
