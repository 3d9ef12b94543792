// The workloads of ../README.md with goroutines and channels: go WORKLOAD LANES RUNS
package main

import (
	"fmt"
	"os"
	"runtime"
	"sort"
	"strconv"
	"time"
)

// A workload does its work once and says how many operations it timed; wrong work panics.
type workload struct {
	unit string
	run  func() (operations int, elapsed time.Duration)
}

var workloads = map[string]workload{
	"ping-pong":            {"ns/round trip", pingPong},
	"thread-ring":          {"ns/hop", threadRing},
	"counting":             {"ns/message", counting},
	"fork-join-throughput": {"ns/message", forkJoinThroughput},
	"fork-join-create":     {"ns/actor", forkJoinCreate},
	"chameneos":            {"ns/meeting", chameneos},
	"big":                  {"ns/message", big},
	"n-to-1":               {"ns/message", nToOne},
	"skynet":               {"ms", skynet},
}

func check(right bool, what string) {
	if !right {
		panic(what + ": the work was not done right")
	}
}

func report(name string, lanes int, unit string, values []float64) {
	sort.Float64s(values)
	n := len(values)
	fmt.Printf(`{"bench":"%s","lanes":%d,"unit":"%s","median":%.2f,"min":%.2f,"max":%.2f,"n":%d,`+
		`"p50":null,"p99":null,"p999":null,"peer":"%s"}`+"\n", name, lanes, unit,
		(values[(n-1)/2]+values[n/2])/2, values[0], values[n-1], n, runtime.Version())
}

func measure(name string, w workload, lanes, runs int) {
	w.run() // Warms up.
	values := make([]float64, runs)
	for i := range values {
		operations, elapsed := w.run()
		if w.unit == "ms" {
			values[i] = float64(elapsed.Nanoseconds()) / 1e6
		} else {
			values[i] = float64(elapsed.Nanoseconds()) / float64(operations)
		}
	}
	report(name, lanes, w.unit, values)
}

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: go WORKLOAD LANES RUNS")
		os.Exit(2)
	}
	name := os.Args[1]
	lanes, lanesErr := strconv.Atoi(os.Args[2])
	runs, runsErr := strconv.Atoi(os.Args[3])
	w, known := workloads[name]
	switch {
	case lanesErr != nil || runsErr != nil || lanes < 1 || runs < 1:
		fmt.Fprintln(os.Stderr, "go: LANES and RUNS are numbers from 1")
		os.Exit(2)
	case name == "dispatch":
		dispatch(lanes)
	case name == "idle-bytes": // A second time the memory would be there already.
		runtime.GOMAXPROCS(lanes)
		report(name, lanes, "bytes/actor", []float64{idleBytes(1000000)})
	case name == "link-serve":
		runtime.GOMAXPROCS(lanes)
		linkServe()
	case name == "link-rtt":
		runtime.GOMAXPROCS(lanes)
		linkRtt(lanes, runs)
	case name == "link-throughput":
		runtime.GOMAXPROCS(lanes)
		linkThroughput(lanes, runs)
	case known:
		runtime.GOMAXPROCS(lanes)
		measure(name, w, lanes, runs)
	default:
		fmt.Fprintf(os.Stderr, "go: no workload '%s'\n", name)
		os.Exit(2)
	}
}
