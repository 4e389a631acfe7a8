package main

import (
	"maps"
	"os"

	"github.com/alecthomas/kong"
)

// origins say in words where settings come from, by the names of their flags; those that are as by default are not among them.
type origins map[string]string

// settingsSet are the names of the settings that the environment has.
func settingsSet(model *kong.Application) map[string]bool {
	set := map[string]bool{}
	for name := range settings(model) {
		set[name] = os.Getenv(name) != ""
	}
	return set
}

// originsOf compares the environment with the real one, from before the files were read.
func originsOf(model *kong.Application, inReal map[string]bool) origins {
	found := origins{}
	for name, flag := range settings(model) {
		switch {
		case os.Getenv(name) == "":
		case inReal[name]:
			found[flag.Name] = "the environment"
		case os.Getenv(name+fileSuffix) != "":
			found[flag.Name] = "the file that " + name + fileSuffix + " names"
		default:
			found[flag.Name] = ".env." + chosenEnvironment()
		}
	}
	return found
}

// with adds the flags of the command line, which win.
func (o origins) with(parsed *kong.Context) map[string]string {
	all := maps.Clone(o)
	for _, element := range parsed.Path {
		if element.Flag != nil && !element.Resolved {
			all[element.Flag.Name] = "the command line"
		}
	}
	return all
}
