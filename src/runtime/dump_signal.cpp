// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/dump_signal.hpp"

#include "runtime/worker.hpp"

#include <cerrno>
#include <csignal>
#include <cstdio>

namespace rouse::detail {
namespace {

// The handler may run on any thread at any time, so it reads a fixed table. A runtime that leaves clears its
// place, and waits until no handler that may have read it before still runs: [D1] the handler counts itself
// in, then reads; [D2] unwatch clears, then waits for the count. If D1 read the old place, its count was
// there before D2's load: seq_cst, since both store and then load.
constexpr int places = 64;
struct Place {
    Atomic<int> signal{0};
    Atomic<Worker*> worker{nullptr};
};
constinit Place table[places];
constinit Atomic<int> handlers_running{0};
constinit Atomic<bool> has_handler[NSIG]{};

void on_signal(int signal) {
    const int errno_before = errno;
    handlers_running.fetch_add(1, memory_order_seq_cst);
    for (Place& place : table) {
        Worker* worker = place.worker.load(memory_order_seq_cst);
        if (worker && place.signal.load(memory_order_relaxed) == signal) worker->request_dump();
    }
    handlers_running.fetch_sub(1, memory_order_seq_cst);
    errno = errno_before;
}

} // namespace

void watch_dump_signal(int signal, Worker& worker) noexcept {
    if (signal <= 0 || signal >= NSIG) {
        std::fprintf(stderr, "rouse: dump_signal %d is no signal; none is installed\n", signal);
        return;
    }
    if (!has_handler[signal].load(memory_order_acquire)) {
        struct sigaction before{};
        sigaction(signal, nullptr, &before);
        if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN && before.sa_handler != on_signal) {
            std::fprintf(stderr,
                         "rouse: signal %d has a handler already; the runtime's dump_signal is left out\n",
                         signal);
            return;
        }
        struct sigaction action{};
        action.sa_handler = on_signal;
        action.sa_flags = SA_RESTART;
        sigemptyset(&action.sa_mask);
        sigaction(signal, &action, nullptr);
        has_handler[signal].store(true, memory_order_release);
    }
    for (Place& place : table) {
        Worker* none = nullptr;
        int free = 0;
        if (!place.signal.compare_exchange_strong(free, signal, memory_order_acq_rel)) continue;
        place.worker.compare_exchange_strong(none, &worker, memory_order_seq_cst);
        return;
    }
}

void unwatch_dump_signal(Worker& worker) noexcept {
    for (Place& place : table) {
        Worker* mine = &worker;
        if (!place.worker.compare_exchange_strong(mine, nullptr, memory_order_seq_cst)) continue;
        while (handlers_running.load(memory_order_seq_cst) != 0) { // [D2]
        }
        place.signal.store(0, memory_order_release);
    }
}

bool is_dump_signal(int signal) noexcept { return has_handler[signal].load(memory_order_acquire); }

} // namespace rouse::detail
