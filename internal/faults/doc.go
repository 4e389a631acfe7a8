// Package faults breaks connectd while it is used, and judges what came of it: real processes, a real Postgres, and links that
// are cut, slowed and left half open. docs/reliability.md says what it promises and how to run it; what runs the processes needs
// the build tag faults.
//
// It is for tests alone and may import nothing of connectd's. That is so of what judges; the tagged tests, which run connectd,
// import client, app, postgres and processtest. Its one rule: whoever acts only records what was asked and what came; judging is
// done afterwards, from the record alone, so that a record that was kept can be judged again.
package faults
