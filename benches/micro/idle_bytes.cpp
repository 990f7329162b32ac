// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// `rouse_idle_bytes ROUNDS [SCALE]`: the `idle_bytes` row; tokio/src/idle_bytes.rs is the peer. A program of
// its own, since its counting allocator would slow the other rows.
//
// Each of N = 1,000,000 tasks waits in a `oneshot::Receiver<int>`. The number is how much the sum of the live
// *requested* sizes grows from just before the first spawn (channels and the vectors that hold them are
// already there) until every task has been polled once and waits; the join handles are dropped. Cell, frame
// and the runtime's list of its tasks are all in it.
//
// Round 0 has the growth of the scheduler's run queue in it (a ring of pointers that never shrinks); later
// rounds find the queue grown and show the task alone. What the frame cache kept of a round before goes back
// to the allocator first, so that each round asks for its memory anew.

#include <rouse/rouse.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <vector>

namespace {

std::size_t live_bytes = 0; // plain: the watchdog's thread allocates nothing while the tasks are spawned

/// Before each block: its size, and room up to the alignment.
constexpr std::size_t header = alignof(std::max_align_t);
static_assert(header >= sizeof(std::size_t));

void* allocate(std::size_t size) {
    void* const block = std::malloc(header + size);
    if (!block) throw std::bad_alloc();
    ::new (block) std::size_t(size);
    live_bytes += size;
    return static_cast<char*>(block) + header;
}
void deallocate(void* memory) noexcept {
    if (!memory) return;
    void* const block = static_cast<char*>(memory) - header;
    live_bytes -= *static_cast<std::size_t*>(block);
    std::free(block);
}

} // namespace

// The other forms, but for the over-aligned ones, which nothing here uses, end in these.
void* operator new(std::size_t size) { return allocate(size); }
void operator delete(void* memory) noexcept { deallocate(memory); }
void operator delete(void* memory, std::size_t) noexcept { deallocate(memory); }

namespace {

using namespace rouse;

Task<> idle(oneshot::Receiver<int> rx) {
    const bool wrong = co_await rx != 1; // not in the condition: docs/guide/gcc-12.md
    if (wrong) std::abort();
}
Task<> nothing() { co_return; }

Task<std::size_t> idle_bytes(std::size_t n) {
    detail::FrameCache::clear();
    std::vector<oneshot::Sender<int>> senders;
    std::vector<oneshot::Receiver<int>> receivers;
    senders.reserve(n);
    receivers.reserve(n);
    for (std::size_t i = 0; i < n; ++i) {
        auto [tx, rx] = oneshot::channel<int>();
        senders.push_back(std::move(tx));
        receivers.push_back(std::move(rx));
    }

    const std::size_t before = live_bytes;
    for (auto& rx : receivers) spawn(idle, std::move(rx)).detach();
    co_await spawn(nothing); // the queue is first in, first out: each of the others waits now
    const std::size_t bytes = live_bytes - before;

    for (auto& tx : senders)
        if (!std::move(tx).send(1)) std::abort();
    co_await spawn(nothing);
    co_return bytes;
}

} // namespace

int main(int argc, char** argv) {
    const int rounds = argc > 1 ? std::atoi(argv[1]) : 0;
    const double scale = argc > 2 ? std::atof(argv[2]) : 1;
    if (rounds <= 0 || scale <= 0 || argc > 3) {
        std::fputs("usage: rouse_idle_bytes ROUNDS [SCALE]\n", stderr);
        return 2;
    }
    const auto n = static_cast<std::size_t>(std::max(1e6 * scale, 1.0));
    Runtime runtime = Runtime::current_thread();
    for (int round = 0; round < rounds; ++round) {
        const auto bytes = static_cast<double>(runtime.block_on(idle_bytes(n)));
        std::printf("{\"workload\":\"idle_bytes\",\"round\":%d,\"bytes_per_task\":%.2f}\n", round,
                    bytes / static_cast<double>(n));
    }
}
