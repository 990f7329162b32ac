// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The Boost.Asio peer of the comparison, with C++20 coroutines; ../README.md says what each workload does,
// alike for every peer. One io_context, run by as many threads as are asked for; `deferred` wherever an
// operation is awaited, since it needs no frame of its own; awaitable and timers with the io_context's
// executor type instead of the type-erased one.
//
// A spawned coroutine has no handle to keep: what is awaited is its completion handler. There is no
// futures_unordered: a parallel_group hands nothing out before its end; and no stream_5: there are no
// streams.

#include "workloads.hpp"

#include <boost/version.hpp>

namespace compare {
namespace {

template <auto alone, auto concurrent>
bench_round by_threads(unsigned threads, std::uint64_t operations) {
    return threads == 1 ? run_workload<alone>(threads, operations)
                        : run_workload<concurrent>(threads, operations);
}

constexpr unsigned most = 64;
constexpr bench_entry entries[] = {
    {"spawn_all", run_workload<spawn_group>, nullptr, most}, // it has no handles in any case
    {"spawn_group", run_workload<spawn_group>, nullptr, most},
    {"spawn_await", run_workload<spawn_await>, nullptr, most},
    {"yield_1", run_workload<yield_1>, nullptr, most},
    {"yield_1000", run_workload<yield_1000>, nullptr, most},
    {"skynet", run_workload<skynet>, nullptr, most},
    {"ping_pong", by_threads<ping_pong<false>, ping_pong<true>>, nullptr, most},
    {"oneshot", by_threads<oneshot<false>, oneshot<true>>, nullptr, most},
    {"mpsc", by_threads<mpsc<false>, mpsc<true>>, nullptr, most},
    {"unbounded", by_threads<unbounded<false>, unbounded<true>>, nullptr, most},
    {"broadcast_8", by_threads<broadcast_8<false>, broadcast_8<true>>, nullptr, most},
    {"mutex_free", by_threads<mutex_free<false>, mutex_free<true>>, nullptr, most},
    {"mutex_100", by_threads<mutex_100<false>, mutex_100<true>>, nullptr, most},
    {"semaphore", by_threads<semaphore<false>, semaphore<true>>, nullptr, most},
    {"notify", by_threads<notify<false>, notify<true>>, nullptr, most},
    {"select_2", run_workload<select_2>, nullptr, 1}, // with more threads a parallel_group needs a strand
    {"select_16", run_workload<select_16>, nullptr, 1},
    {"idle_bytes", by_threads<idle_bytes<false>, idle_bytes<true>>, nullptr, most},
    {"wake_foreign", run_workload<wake_foreign>, nullptr, most},
    {"sleeps", run_workload<sleeps>, nullptr, most},
    {"timeout", run_workload<timeouts>, nullptr, most},
    {"timers", run_workload<create_and_cancel>, nullptr, most},
    {"echo", nullptr, serve_echo, most},
    {"http", nullptr, serve_http, most},
};

} // namespace
} // namespace compare

int main(int argc, char** argv) {
    return bench_main(argc, argv, "asio_compare", compare::entries, std::size(compare::entries),
                      "Boost.Asio " BOOST_LIB_VERSION ", " BENCH_COMPILER);
}
