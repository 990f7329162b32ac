// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPARE_BENCH_H
#define COMPARE_BENCH_H

/// What the programs in C and C++ have in common: their arguments, their clocks, and the lines that they
/// print. ../README.md has the protocol.

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifdef __cplusplus
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wold-style-cast" // it is C
#endif

enum { bench_usage = 2, bench_not_there = 3 };

static inline uint64_t bench_clock(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}
static inline uint64_t bench_now(void) { return bench_clock(CLOCK_MONOTONIC); }
/// Of this process, all threads.
static inline uint64_t bench_cpu(void) { return bench_clock(CLOCK_PROCESS_CPUTIME_ID); }

/// The resident memory of this process.
static inline uint64_t bench_resident_bytes(void) {
    unsigned long long size = 0;
    unsigned long long resident = 0;
    FILE* const file = fopen("/proc/self/statm", "r");
    if (!file || fscanf(file, "%llu %llu", &size, &resident) != 2) abort();
    fclose(file);
    return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

/// A round of a workload.
struct bench_round {
    uint64_t nanoseconds;
    uint64_t cpu;
    uint64_t check; // is compared with what the workload must have computed
    int has_bytes;
    uint64_t bytes;
    int has_latencies;
    uint64_t p50;
    uint64_t p99;
};

/// From its making to `bench_stop`.
struct bench_watch {
    uint64_t cpu;
    uint64_t start;
};
static inline struct bench_watch bench_start(void) {
    struct bench_watch watch;
    watch.cpu = bench_cpu();
    watch.start = bench_now();
    return watch;
}
static inline struct bench_round bench_stop(struct bench_watch watch, uint64_t check) {
    struct bench_round round;
    memset(&round, 0, sizeof round);
    round.nanoseconds = bench_now() - watch.start;
    round.cpu = bench_cpu() - watch.cpu;
    round.check = check;
    return round;
}

static inline int bench_compare(const void* left, const void* right) {
    const uint64_t a = *(const uint64_t*)left;
    const uint64_t b = *(const uint64_t*)right;
    return (a > b) - (a < b);
}
/// Sorts `nanoseconds`.
static inline void bench_add_latencies(struct bench_round* round, uint64_t* nanoseconds, size_t count) {
    qsort(nanoseconds, count, sizeof *nanoseconds, bench_compare);
    round->has_latencies = 1;
    round->p50 = nanoseconds[(size_t)((double)(count - 1) * 0.50)];
    round->p99 = nanoseconds[(size_t)((double)(count - 1) * 0.99)];
}

/// Distinct microseconds below one second for each i below n, in no order.
static inline uint64_t bench_scattered(uint64_t i, uint64_t n) { return i * 7919 % n * 1000000 / n; }

static inline void bench_print_port(unsigned port) {
    printf("{\"port\":%u}\n", port);
    fflush(stdout);
}

/// A workload, or (with `serve`) a server that runs until it is killed.
struct bench_entry {
    const char* name;
    struct bench_round (*run)(unsigned threads, uint64_t operations);
    int (*serve)(unsigned threads);
    unsigned most_threads;
};

static inline uint64_t bench_number(const char* text) {
    char* end = NULL;
    const unsigned long long value = text[0] >= '0' && text[0] <= '9' ? strtoull(text, &end, 10) : 0;
    return end && *end == '\0' ? value : 0;
}

/// `main` of a peer: `run WORKLOAD THREADS ROUNDS OPERATIONS`, `serve NAME THREADS`, `version`.
static inline int bench_main(int argc, char** argv, const char* program, const struct bench_entry* entries,
                             size_t count, const char* version) {
    const int is_run = argc == 6 && strcmp(argv[1], "run") == 0;
    const int is_serve = argc == 4 && strcmp(argv[1], "serve") == 0;
    if (argc == 2 && strcmp(argv[1], "version") == 0) {
        puts(version);
        return 0;
    }
    if (!is_run && !is_serve) {
        fprintf(stderr,
                "%s: usage: %s run WORKLOAD THREADS ROUNDS OPERATIONS | serve echo|http THREADS | version\n",
                program, program);
        return bench_usage;
    }
    for (int i = 3; i < argc; ++i) {
        if (bench_number(argv[i]) > 0) continue;
        fprintf(stderr, "%s: not a number above zero: %s\n", program, argv[i]);
        return bench_usage;
    }
    const uint64_t threads = bench_number(argv[3]);
    for (size_t i = 0; i < count; ++i) {
        const struct bench_entry* const entry = &entries[i];
        if (strcmp(entry->name, argv[2]) != 0 || threads > entry->most_threads) continue;
        if (is_serve && entry->serve) return entry->serve((unsigned)threads);
        if (!is_run || !entry->run) continue;
        const uint64_t operations = bench_number(argv[5]);
        const uint64_t rounds = bench_number(argv[4]);
        for (uint64_t number = 0; number < rounds; ++number) {
            const struct bench_round round = entry->run((unsigned)threads, operations);
            printf("{\"workload\":\"%s\",\"threads\":%u,\"round\":%llu,\"operations\":%llu,"
                   "\"nanoseconds\":%llu,\"cpu\":%llu,\"check\":%llu",
                   entry->name, (unsigned)threads, (unsigned long long)number, (unsigned long long)operations,
                   (unsigned long long)round.nanoseconds, (unsigned long long)round.cpu,
                   (unsigned long long)round.check);
            if (round.has_bytes) printf(",\"bytes\":%llu", (unsigned long long)round.bytes);
            if (round.has_latencies)
                printf(",\"p50\":%llu,\"p99\":%llu", (unsigned long long)round.p50,
                       (unsigned long long)round.p99);
            puts("}");
            fflush(stdout);
        }
        return 0;
    }
    return bench_not_there;
}

#ifdef __cplusplus
#pragma GCC diagnostic pop
#endif

#endif
