// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

package main

import "sync"

// pingPong: two goroutines and two channels with room for one: n times there
// and back.
func pingPong(n uint64) round {
	ping := make(chan uint64, 1)
	pong := make(chan uint64, 1)
	go func() {
		for value := range ping {
			pong <- value + 1
		}
	}()
	sum := uint64(0)
	watch := newWatch()
	for i := uint64(0); i < n; i++ {
		ping <- i
		sum += <-pong
	}
	result := watch.round(sum)
	close(ping)
	return result
}

// oneshotRequest: n requests through a channel with room for one, each with a
// channel of its own for the reply.
func oneshotRequest(n uint64) round {
	type request struct {
		value uint64
		reply chan<- uint64
	}
	requests := make(chan request, 1)
	go func() {
		for request := range requests {
			request.reply <- request.value + 1
		}
	}()
	sum := uint64(0)
	watch := newWatch()
	for value := uint64(0); value < n; value++ {
		reply := make(chan uint64, 1)
		requests <- request{value, reply}
		sum += <-reply
	}
	result := watch.round(sum)
	close(requests)
	return result
}

// mpscProducers: 4 goroutines send n / 4 numbers each to this one, through a
// channel with room for 1024.
func mpscProducers(n uint64) round {
	numbers := make(chan uint64, 1024)
	var producers sync.WaitGroup
	watch := newWatch()
	producers.Add(4)
	for i := 0; i < 4; i++ {
		go func() {
			for i := uint64(1); i <= n/4; i++ {
				numbers <- i
			}
			producers.Done()
		}()
	}
	go func() {
		producers.Wait()
		close(numbers)
	}()
	sum := uint64(0)
	for number := range numbers {
		sum += number
	}
	return watch.round(sum)
}

// broadcast8: n numbers from this goroutine to each of 8 others, by 500: the
// next ones are sent when all have received those. A channel is for one
// receiver: each has its own.
func broadcast8(n uint64) round {
	const batch = 500
	received := make(chan uint64, 8)
	sums := make(chan uint64, 8)
	var listeners [8]chan uint64
	for i := range listeners {
		numbers := make(chan uint64, 1024)
		listeners[i] = numbers
		go func() {
			sum := uint64(0)
			for i := uint64(1); i <= n; i++ {
				sum += <-numbers
				if i%batch == 0 {
					received <- i
				}
			}
			sums <- sum
		}()
	}
	watch := newWatch()
	for i := uint64(1); i <= n; i++ {
		for _, numbers := range listeners {
			numbers <- i
		}
		if i%batch != 0 {
			continue
		}
		for range listeners {
			if <-received != i {
				panic("another batch")
			}
		}
	}
	sum := uint64(0)
	for range listeners {
		sum += <-sums
	}
	return watch.round(sum)
}
