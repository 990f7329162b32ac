// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The Go peer of the comparison; ../README.md says what each workload does,
// alike for every peer. The standard library alone; threads are GOMAXPROCS; the
// garbage collector runs with its default. A goroutine has no handle: what is
// awaited is a channel or a WaitGroup.
//
// There is no wake_foreign: what wakes a goroutine runs in a goroutine; no
// unbounded: a channel has a bound; no stream_5: what is a pipeline here has a
// goroutine for each stage, and channels between them.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
)

var workloads = map[string]func(n uint64) round{
	"spawn_all":         spawnAll,
	"spawn_group":       spawnAll, // it has no handles in any case
	"spawn_await":       spawnAwait,
	"yield_1":           yield1,
	"yield_1000":        yield1000,
	"skynet":            skynet,
	"ping_pong":         pingPong,
	"oneshot":           oneshotRequest,
	"mpsc":              mpscProducers,
	"broadcast_8":       broadcast8,
	"mutex_free":        mutexFree,
	"mutex_100":         mutex100,
	"semaphore":         semaphore,
	"notify":            notify,
	"select_2":          select2,
	"select_16":         select16,
	"futures_unordered": futuresUnordered,
	"sleeps":            sleeps,
	"timeout":           timeouts,
	"timers":            createAndCancel,
	"idle_bytes":        idleBytes,
}

var servers = map[string]func(){"echo": echo, "http": http}

func fail(code int, format string, values ...any) {
	fmt.Fprintf(os.Stderr, "go_compare: "+format+"\n", values...)
	os.Exit(code)
}

func number(what, text string) uint64 {
	value, err := strconv.ParseUint(text, 10, 63)
	if err != nil || value == 0 {
		fail(2, "no such number of %s: %s", what, text)
	}
	return value
}

func main() {
	args := os.Args[1:]
	switch {
	case len(args) == 1 && args[0] == "version":
		fmt.Println(runtime.Version())
	case len(args) == 5 && args[0] == "run":
		workload, there := workloads[args[1]]
		if !there {
			os.Exit(3)
		}
		threads := number("threads", args[2])
		rounds := number("rounds", args[3])
		operations := number("operations", args[4])
		runtime.GOMAXPROCS(int(threads))
		for i := uint64(0); i < rounds; i++ {
			workload(operations).print(args[1], threads, i, operations)
		}
	case len(args) == 3 && args[0] == "serve":
		server, there := servers[args[1]]
		if !there {
			os.Exit(3)
		}
		runtime.GOMAXPROCS(int(number("threads", args[2])))
		server()
	default:
		fail(2, "usage: go_compare run WORKLOAD THREADS ROUNDS OPERATIONS | serve echo|http THREADS | version")
	}
}
