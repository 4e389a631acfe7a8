//go:build !race

package processtest

var raceFlag []string
