// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

package main

import (
	"runtime"
	"sync"
)

const lockers = 100

// mutexFree: one goroutine locks a mutex n times that nobody else wants.
func mutexFree(n uint64) round {
	var mutex sync.Mutex
	counter := uint64(0)
	watch := newWatch()
	for i := uint64(0); i < n; i++ {
		mutex.Lock()
		counter++
		mutex.Unlock()
	}
	return watch.round(counter)
}

// mutex100: 100 goroutines lock one mutex n / 100 times each, and go to the end
// of the run queue while they have it.
func mutex100(n uint64) round {
	var mutex sync.Mutex
	var all sync.WaitGroup
	counter := uint64(0)
	watch := newWatch()
	all.Add(lockers)
	for i := 0; i < lockers; i++ {
		go func() {
			for i := uint64(0); i < n/lockers; i++ {
				mutex.Lock()
				runtime.Gosched()
				counter++
				mutex.Unlock()
			}
			all.Done()
		}()
	}
	all.Wait()
	return watch.round(counter)
}

// semaphore: 100 goroutines take one of 10 permits n / 100 times each, and go
// to the end of the run queue with it. A channel with room for 10 is the
// standard library's semaphore.
func semaphore(n uint64) round {
	permits := make(chan struct{}, 10)
	used := make(chan uint64, lockers)
	watch := newWatch()
	for i := 0; i < lockers; i++ {
		go func() {
			count := uint64(0)
			for i := uint64(0); i < n/lockers; i++ {
				permits <- struct{}{}
				runtime.Gosched()
				count++
				<-permits
			}
			used <- count
		}()
	}
	sum := uint64(0)
	for i := 0; i < lockers; i++ {
		sum += <-used
	}
	return watch.round(sum)
}

// notify: two goroutines notify each other, n times there and back. A channel
// with room for one keeps a notification, and one only.
func notify(n uint64) round {
	asked := make(chan struct{}, 1)
	answered := make(chan struct{}, 1)
	tell := func(whom chan<- struct{}) {
		select {
		case whom <- struct{}{}:
		default:
		}
	}
	go func() {
		for i := uint64(0); i < n; i++ {
			<-asked
			tell(answered)
		}
	}()
	count := uint64(0)
	watch := newWatch()
	for i := uint64(0); i < n; i++ {
		tell(asked)
		<-answered
		count++
	}
	return watch.round(count)
}
