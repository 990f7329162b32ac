// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "workloads.h"

#include <uv.h>

static void count_down(uv_timer_t* timer) {
    --*(uint64_t*)timer->data;
    uv_close((uv_handle_t*)timer, NULL);
}

/// n timers fire after 1 to 2 seconds each, all at once. libuv counts in milliseconds.
struct bench_round sleeps(unsigned threads, uint64_t n) {
    (void)threads;
    uv_loop_t loop;
    uint64_t left = n;
    uv_timer_t* const timers = malloc(n * sizeof *timers);
    if (!timers || uv_loop_init(&loop) != 0) abort();
    const struct bench_watch watch = bench_start();
    for (uint64_t i = 0; i < n; ++i) {
        uv_timer_init(&loop, &timers[i]);
        timers[i].data = &left;
        uv_timer_start(&timers[i], count_down, 1000 + (bench_scattered(i, n) + 999) / 1000, 0);
    }
    uv_run(&loop, UV_RUN_DEFAULT);
    const struct bench_round round = bench_stop(watch, n - left);
    if (round.nanoseconds < 1000000000 || uv_loop_close(&loop) != 0) abort();
    free(timers);
    return round;
}

static void never(uv_timer_t* timer) {
    (void)timer;
    abort();
}

/// Sets n timers for 60 to 61 seconds, all at once, then cancels them.
struct bench_round create_and_cancel(unsigned threads, uint64_t n) {
    (void)threads;
    uv_loop_t loop;
    uint64_t pending = 0;
    uv_timer_t* const timers = malloc(n * sizeof *timers);
    if (!timers || uv_loop_init(&loop) != 0) abort();
    const struct bench_watch watch = bench_start();
    for (uint64_t i = 0; i < n; ++i) {
        uv_timer_init(&loop, &timers[i]);
        uv_timer_start(&timers[i], never, 60000 + bench_scattered(i, n) / 1000, 0);
    }
    for (uint64_t i = 0; i < n; ++i) {
        pending += uv_is_active((uv_handle_t*)&timers[i]) != 0;
        uv_timer_stop(&timers[i]);
        uv_close((uv_handle_t*)&timers[i], NULL);
    }
    uv_run(&loop, UV_RUN_DEFAULT); // ends the handles
    const struct bench_round round = bench_stop(watch, pending);
    if (uv_loop_close(&loop) != 0) abort();
    free(timers);
    return round;
}
