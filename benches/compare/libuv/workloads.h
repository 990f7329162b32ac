// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPARE_LIBUV_WORKLOADS_H
#define COMPARE_LIBUV_WORKLOADS_H

#include "../common/bench.h"

// timers.c
struct bench_round sleeps(unsigned threads, uint64_t n);
struct bench_round create_and_cancel(unsigned threads, uint64_t n);

// wake.c
struct bench_round wake_foreign(unsigned threads, uint64_t n);

// servers.c: serve until they are killed.
int serve_echo(unsigned threads);
int serve_http(unsigned threads);

#endif
