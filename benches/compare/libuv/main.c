// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The libuv peer of the comparison; ../README.md says what each workload does, alike for every peer. libuv
/// has callbacks and no tasks, so it has only the workloads of timers, of wakes, and of the network. A loop
/// is one thread's: several threads have a loop and a listener each (SO_REUSEPORT), and serve only.

#include "../common/bench.h"
#include "workloads.h"

#include <uv.h>

int main(int argc, char** argv) {
    static const struct bench_entry entries[] = {
        {"sleeps", sleeps, NULL, 1},
        {"timers", create_and_cancel, NULL, 1},
        {"wake_foreign", wake_foreign, NULL, 1},
        {"echo", NULL, serve_echo, 64},
        {"http", NULL, serve_http, 64},
    };
    char version[128];
    snprintf(version, sizeof version, "libuv %s, %s", uv_version_string(), BENCH_COMPILER);
    return bench_main(argc, argv, "libuv_compare", entries, sizeof entries / sizeof *entries, version);
}
