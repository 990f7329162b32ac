// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

package main

// sendInTurn sends the next number through another channel, when the one before
// was answered.
func sendInTurn(numbers []chan uint64, answers <-chan uint64, n uint64) {
	for i := uint64(1); i <= n; i++ {
		numbers[i%uint64(len(numbers))] <- i
		if <-answers != i {
			panic("another answer")
		}
	}
}

func selectOf(n uint64, numbers []chan uint64, receive func() uint64) round {
	for i := range numbers {
		numbers[i] = make(chan uint64, 1)
	}
	answers := make(chan uint64, 1)
	go sendInTurn(numbers, answers, n)
	sum := uint64(0)
	watch := newWatch()
	for i := uint64(0); i < n; i++ {
		number := receive()
		sum += number
		answers <- number
	}
	return watch.round(sum)
}

// select2: n times the first of 2 channels that has a number; the others are
// asked in vain.
func select2(n uint64) round {
	var numbers [2]chan uint64
	return selectOf(n, numbers[:], func() (number uint64) {
		select {
		case number = <-numbers[0]:
		case number = <-numbers[1]:
		}
		return
	})
}

// select16: the same with 16.
func select16(n uint64) round {
	var numbers [16]chan uint64
	return selectOf(n, numbers[:], func() (number uint64) {
		select {
		case number = <-numbers[0]:
		case number = <-numbers[1]:
		case number = <-numbers[2]:
		case number = <-numbers[3]:
		case number = <-numbers[4]:
		case number = <-numbers[5]:
		case number = <-numbers[6]:
		case number = <-numbers[7]:
		case number = <-numbers[8]:
		case number = <-numbers[9]:
		case number = <-numbers[10]:
		case number = <-numbers[11]:
		case number = <-numbers[12]:
		case number = <-numbers[13]:
		case number = <-numbers[14]:
		case number = <-numbers[15]:
		}
		return
	})
}

// futuresUnordered: 10,000 goroutines, each with a channel of its own, whose
// values are taken as they come, through one channel for all; n / 10,000 times.
func futuresUnordered(n uint64) round {
	const size = 10000
	batches := make(chan []chan uint64, 1)
	go func() {
		number := uint64(0)
		for batch := range batches {
			// In no order, and all at once.
			for i := range batch {
				number++
				batch[i*7919%size] <- number
			}
		}
	}()
	sum := uint64(0)
	watch := newWatch()
	for i := uint64(0); i < n/size; i++ {
		values := make(chan uint64, size)
		batch := make([]chan uint64, 0, size)
		for one := 0; one < size; one++ {
			number := make(chan uint64, 1)
			batch = append(batch, number)
			go func() { values <- <-number }()
		}
		batches <- batch
		for one := 0; one < size; one++ {
			sum += <-values
		}
	}
	result := watch.round(sum)
	close(batches)
	return result
}
