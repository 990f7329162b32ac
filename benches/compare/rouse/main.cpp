// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// rouse in the comparison; ../README.md says what each workload does, alike for every peer.
//
// All rounds run on one runtime with the options that a user gets: watchdog, registry and detectors are on. A
// workload runs in a spawned task, as Tokio's does.

#include "rouse_runtime.hpp"
#include "workloads.hpp"

#include <optional>
#include <vector>

#if defined(__clang__)
#define COMPARE_COMPILER "clang " __clang_version__
#else
#define COMPARE_COMPILER "g++ " __VERSION__
#endif

namespace compare {
namespace {

std::optional<rouse::Runtime> runtime; // made for the first round, and gone before the end of `main`

template <auto workload>
bench_round run_workload(unsigned threads, std::uint64_t operations) {
    if (!runtime) runtime.emplace(make_runtime(threads));
    const auto root = [operations]() -> Task<bench_round> {
        co_return co_await rouse::spawn(workload, operations);
    };
    return runtime->block_on(root());
}

constexpr bench_entry workloads[] = {
    {"spawn_all", run_workload<spawn_all>, nullptr, most_threads},
    {"spawn_group", run_workload<spawn_group>, nullptr, most_threads},
    {"spawn_await", run_workload<spawn_await>, nullptr, most_threads},
    {"yield_1", run_workload<yield_1>, nullptr, most_threads},
    {"yield_1000", run_workload<yield_1000>, nullptr, most_threads},
    {"skynet", run_workload<skynet>, nullptr, most_threads},
    {"ping_pong", run_workload<ping_pong>, nullptr, most_threads},
    {"oneshot", run_workload<oneshot_request>, nullptr, most_threads},
    {"mpsc", run_workload<mpsc_producers>, nullptr, most_threads},
    {"unbounded", run_workload<unbounded_producers>, nullptr, most_threads},
    {"broadcast_8", run_workload<broadcast_8>, nullptr, most_threads},
    {"mutex_free", run_workload<mutex_free>, nullptr, most_threads},
    {"mutex_100", run_workload<mutex_100>, nullptr, most_threads},
    {"semaphore", run_workload<semaphore>, nullptr, most_threads},
    {"notify", run_workload<notify>, nullptr, most_threads},
    {"select_2", run_workload<select_2>, nullptr, most_threads},
    {"select_16", run_workload<select_16>, nullptr, most_threads},
    {"futures_unordered", run_workload<futures_unordered>, nullptr, most_threads},
    {"stream_5", run_workload<stream_5>, nullptr, most_threads},
    {"sleeps", run_workload<sleeps>, nullptr, most_threads},
    {"timeout", run_workload<timeouts>, nullptr, most_threads},
    {"timers", run_workload<create_and_cancel>, nullptr, most_threads},
    {"idle_bytes", run_workload<idle_bytes>, nullptr, most_threads},
    {"wake_foreign", run_workload<wake_foreign>, nullptr, most_threads},
};

} // namespace
} // namespace compare

int main(int argc, char** argv) {
    std::vector<bench_entry> entries(std::begin(compare::workloads), std::end(compare::workloads));
    for (const bench_entry& server : compare::servers()) entries.push_back(server);
    const int code = bench_main(argc, argv, "rouse_compare", entries.data(), entries.size(),
                                "rouse " ROUSE_BENCH_VERSION ", " COMPARE_COMPILER ", " ROUSE_BENCH_FLAGS);
    compare::runtime.reset();
    return code;
}
