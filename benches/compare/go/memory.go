// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

package main

import (
	"runtime"
	"sync/atomic"
)

// idleBytes: n goroutines wait for a message of their own each; the channels are
// there before. How much the resident memory grows by the goroutines.
func idleBytes(n uint64) round {
	channels := make([]chan uint64, n)
	for i := range channels {
		channels[i] = make(chan uint64, 1)
	}
	var waiting, sum atomic.Uint64
	runtime.GC()
	before := residentBytes()
	watch := newWatch()
	for i, channel := range channels {
		go func(channel <-chan uint64) {
			waiting.Add(1)
			sum.Add(<-channel)
		}(channel)
		if i%1000 == 999 {
			runtime.Gosched() // as the others: they are let in by the thousand
		}
	}
	for waiting.Load() < n {
		runtime.Gosched()
	}
	after := residentBytes()
	for _, channel := range channels {
		channel <- 1
	}
	for sum.Load() < n {
		runtime.Gosched()
	}
	bytes := uint64(0)
	if after > before {
		bytes = after - before
	}
	return watch.round(sum.Load()).withBytes(bytes)
}
