// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The bare epoll loop: the physical limit for the servers, and for the wake of a sleeping thread. No
/// runtime, no tasks, so it has no other workloads. ../README.md says what each one does, alike for every
/// peer. With several threads each has a loop and a listener of its own (SO_REUSEPORT).

#include "../common/bench.h"
#include "servers.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

struct wake {
    int eventfd;
    uint64_t operations;
    _Atomic uint64_t sent; // when
    _Atomic uint64_t seen; // how many
};

static void* wake_from_outside(void* argument) {
    struct wake* const wake = argument;
    for (uint64_t i = 0; i < wake->operations; ++i) {
        while (atomic_load(&wake->seen) < i) sched_yield();
        usleep(200); // it is parked by then
        atomic_store(&wake->sent, bench_now());
        const uint64_t one = 1;
        if (write(wake->eventfd, &one, sizeof one) != sizeof one) abort();
    }
    return NULL;
}

/// A foreign thread wakes this one n times, 200 µs after it went to sleep: from just before the wake until it
/// runs.
static struct bench_round wake_foreign(unsigned threads, uint64_t n) {
    (void)threads;
    struct wake wake = {.eventfd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), .operations = n};
    const int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN | EPOLLET};
    uint64_t* const latencies = malloc(n * sizeof *latencies);
    if (wake.eventfd < 0 || epoll < 0 || !latencies) abort();
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, wake.eventfd, &event) != 0) abort();

    const struct bench_watch watch = bench_start();
    pthread_t thread;
    if (pthread_create(&thread, NULL, wake_from_outside, &wake) != 0) abort();
    uint64_t count = 0;
    while (count < n) {
        if (epoll_wait(epoll, &event, 1, -1) != 1) {
            if (errno == EINTR) continue;
            abort();
        }
        uint64_t wakes = 0;
        if (read(wake.eventfd, &wakes, sizeof wakes) != sizeof wakes) abort();
        latencies[count++] = bench_now() - atomic_load(&wake.sent);
        atomic_store(&wake.seen, count);
    }
    struct bench_round round = bench_stop(watch, count);
    bench_add_latencies(&round, latencies, count);
    pthread_join(thread, NULL);
    free(latencies);
    close(epoll);
    close(wake.eventfd);
    return round;
}

int main(int argc, char** argv) {
    static const struct bench_entry entries[] = {
        {"wake_foreign", wake_foreign, NULL, 2}, // the same for both
        {"echo", NULL, serve_echo, 64},
        {"http", NULL, serve_http, 64},
    };
    return bench_main(argc, argv, "epoll_compare", entries, sizeof entries / sizeof *entries,
                      "bare epoll, " BENCH_COMPILER);
}
