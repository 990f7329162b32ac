// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "workloads.h"

#include <stdatomic.h>
#include <uv.h>

struct wake {
    uv_async_t async;
    uint64_t operations;
    uint64_t* latencies;
    _Atomic uint64_t sent; // when
    _Atomic uint64_t seen; // how many
};

static void wake_from_outside(void* argument) {
    struct wake* const wake = argument;
    for (uint64_t i = 0; i < wake->operations; ++i) {
        while (atomic_load(&wake->seen) < i) sched_yield();
        usleep(200); // it is parked by then
        atomic_store(&wake->sent, bench_now());
        uv_async_send(&wake->async);
    }
}

static void on_wake(uv_async_t* async) {
    struct wake* const wake = async->data;
    const uint64_t count = atomic_load(&wake->seen);
    wake->latencies[count] = bench_now() - atomic_load(&wake->sent);
    if (count + 1 == wake->operations) uv_close((uv_handle_t*)async, NULL);
    atomic_store(&wake->seen, count + 1);
}

/// A foreign thread wakes the loop n times, 200 µs after it went to sleep: from just before the wake until
/// the callback runs.
struct bench_round wake_foreign(unsigned threads, uint64_t n) {
    (void)threads;
    uv_loop_t loop;
    struct wake wake = {.operations = n, .latencies = malloc(n * sizeof(uint64_t))};
    if (!wake.latencies || uv_loop_init(&loop) != 0) abort();
    uv_async_init(&loop, &wake.async, on_wake);
    wake.async.data = &wake;
    const struct bench_watch watch = bench_start();
    uv_thread_t thread;
    uv_thread_create(&thread, wake_from_outside, &wake);
    uv_run(&loop, UV_RUN_DEFAULT);
    struct bench_round round = bench_stop(watch, atomic_load(&wake.seen));
    bench_add_latencies(&round, wake.latencies, n);
    uv_thread_join(&thread);
    if (uv_loop_close(&loop) != 0) abort();
    free(wake.latencies);
    return round;
}
