// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

package main

import (
	"runtime"
	"sync"
)

// spawnAll starts n empty goroutines and waits for all of them.
func spawnAll(n uint64) round {
	var group sync.WaitGroup
	watch := newWatch()
	group.Add(int(n))
	for i := uint64(0); i < n; i++ {
		go group.Done()
	}
	group.Wait()
	return watch.round(n)
}

// spawnAwait starts an empty goroutine and waits for it, n times.
func spawnAwait(n uint64) round {
	done := make(chan struct{})
	joined := uint64(0)
	watch := newWatch()
	for i := uint64(0); i < n; i++ {
		go func() { done <- struct{}{} }()
		<-done
		joined++
	}
	return watch.round(joined)
}

// yield1: one goroutine yields n times.
func yield1(n uint64) round {
	yields := uint64(0)
	watch := newWatch()
	for i := uint64(0); i < n; i++ {
		runtime.Gosched()
		yields++
	}
	return watch.round(yields)
}

// yield1000: 1000 goroutines yield n / 1000 times each.
func yield1000(n uint64) round {
	const tasks = 1000
	each := n / tasks
	counts := make(chan uint64, tasks)
	watch := newWatch()
	for i := 0; i < tasks; i++ {
		go func() {
			yields := uint64(0)
			for i := uint64(0); i < each; i++ {
				runtime.Gosched()
				yields++
			}
			counts <- yields
		}()
	}
	yields := uint64(0)
	for i := 0; i < tasks; i++ {
		yields += <-counts
	}
	return watch.round(yields)
}

// skynet is a tree of goroutines with ten children each and n leaves, which are
// goroutines too; a leaf sends its number, the others the sum of their
// children's.
func skynet(n uint64) round {
	watch := newWatch()
	sum := make(chan uint64)
	go node(sum, 0, n)
	return watch.round(<-sum)
}

func node(parent chan<- uint64, first, leaves uint64) {
	if leaves == 1 {
		parent <- first
		return
	}
	children := make(chan uint64, 10)
	each := leaves / 10
	for i := uint64(0); i < 10; i++ {
		go node(children, first+i*each, each)
	}
	sum := uint64(0)
	for i := 0; i < 10; i++ {
		sum += <-children
	}
	parent <- sum
}
