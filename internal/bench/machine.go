package bench

import (
	"fmt"
	"os"
	"runtime"
	"strings"
)

// Machine is where it was measured.
type Machine struct {
	CPU      string `json:"cpu"`
	Cores    int    `json:"cores"`
	System   string `json:"system"`
	Go       string `json:"go"`
	Postgres string `json:"postgres"`
	// Load is how many processes ran or waited for the CPU, on average over 1, 5 and 15 minutes, when the run began: more than its
	// cores, and all figures are too slow. Linux alone says it.
	Load string `json:"load,omitempty"`
}

func thisMachine() Machine {
	load := strings.Fields(contentOf("/proc/loadavg"))
	return Machine{
		CPU: cpuModel(), Cores: runtime.GOMAXPROCS(0), System: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version(),
		Load: strings.Join(load[:min(3, len(load))], " "),
	}
}

// String is the machine in a line.
func (m Machine) String() string {
	load := ""
	if m.Load != "" {
		load = ", load " + m.Load + " at the beginning"
	}
	return fmt.Sprintf("%s, %d cores, %s, %s, Postgres %s%s", m.CPU, m.Cores, m.System, m.Go, m.Postgres, load)
}

// cpuModel is as Linux tells it (man 5 proc_cpuinfo); elsewhere it is not known.
func cpuModel() string {
	for line := range strings.Lines(contentOf("/proc/cpuinfo")) {
		if name, value, found := strings.Cut(line, ":"); found && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "a CPU of unknown model"
}

// residentBytes is what this process has of the machine's memory, as Linux tells it (man 5 proc_pid_status); elsewhere, what Go's
// runtime has taken.
func residentBytes() float64 {
	var kilobytes float64
	_, line, found := strings.Cut(contentOf("/proc/self/status"), "VmRSS:")
	if _, err := fmt.Sscanf(line, "%f kB", &kilobytes); !found || err != nil {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return float64(m.Sys - m.HeapReleased)
	}
	return kilobytes * 1024
}

// contentOf a file, "" where it can't be read.
func contentOf(path string) string {
	content, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return string(content)
}
