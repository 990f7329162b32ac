// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"
)

// cpuTime is that of this process, all threads, in nanoseconds.
func cpuTime() uint64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return uint64(usage.Utime.Nano() + usage.Stime.Nano())
}

// residentBytes is the resident memory of this process.
func residentBytes() uint64 {
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		panic(err)
	}
	pages, err := strconv.ParseUint(string(bytes.Fields(statm)[1]), 10, 64)
	if err != nil {
		panic(err)
	}
	return pages * uint64(os.Getpagesize())
}

// A watch runs from its making to round.
type watch struct {
	start time.Time
	cpu   uint64
}

func newWatch() watch { return watch{cpu: cpuTime(), start: time.Now()} }

// round ends the watch. check is compared with what the workload must have
// computed.
func (w watch) round(check uint64) round {
	nanoseconds := uint64(time.Since(w.start).Nanoseconds())
	return round{nanoseconds: nanoseconds, cpu: cpuTime() - w.cpu, check: check}
}

// A round of a workload.
type round struct {
	nanoseconds, cpu, check uint64
	more                    string
}

func (r round) withBytes(bytes uint64) round {
	r.more = fmt.Sprintf(",\"bytes\":%d", bytes)
	return r
}

func (r round) print(workload string, threads, number, operations uint64) {
	fmt.Printf("{\"workload\":\"%s\",\"threads\":%d,\"round\":%d,\"operations\":%d,\"nanoseconds\":%d,\"cpu\":%d,\"check\":%d%s}\n",
		workload, threads, number, operations, r.nanoseconds, r.cpu, r.check, r.more)
}
