// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

package main

import (
	"runtime"
	"sync"
	"time"
)

// scattered gives distinct microseconds below one second for each i below n, in
// no order.
func scattered(i, n uint64) time.Duration {
	return time.Duration(i*7919%n*1_000_000/n) * time.Microsecond
}

// sleeps: n goroutines sleep for 1 to 2 seconds each, all at once.
func sleeps(n uint64) round {
	var group sync.WaitGroup
	watch := newWatch()
	group.Add(int(n))
	for i := uint64(0); i < n; i++ {
		go func(duration time.Duration) {
			time.Sleep(duration)
			group.Done()
		}(time.Second + scattered(i, n))
	}
	group.Wait()
	result := watch.round(n)
	if result.nanoseconds < uint64(time.Second) {
		panic("sleeps: early")
	}
	return result
}

// timeouts: a timeout of a minute around a yield, n times. A timer that is looked
// at after the operation is the cheapest way; context.WithTimeout allocates more.
func timeouts(n uint64) round {
	inTime := uint64(0)
	watch := newWatch()
	for i := uint64(0); i < n; i++ {
		timer := time.NewTimer(time.Minute)
		runtime.Gosched()
		if timer.Stop() {
			inTime++
		}
	}
	return watch.round(inTime)
}

// createAndCancel sets n timers for 60 to 61 seconds, all at once, then cancels
// them.
func createAndCancel(n uint64) round {
	timers := make([]*time.Timer, 0, n)
	pending := uint64(0)
	watch := newWatch()
	for i := uint64(0); i < n; i++ {
		timers = append(timers, time.AfterFunc(time.Minute+scattered(i, n), func() {}))
	}
	for _, timer := range timers {
		if timer.Stop() {
			pending++
		}
	}
	return watch.round(pending)
}
