// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "workload.hpp"

#include <vector>

namespace micro {
namespace {

using rouse::Task;

Task<> nothing() { co_return; }

/// All alive at once, each with its handle. The handles' vector is reserved before, but its pages are first
/// touched here.
Task<Nanoseconds> spawn_join(std::uint64_t n) {
    std::vector<rouse::JoinHandle<>> handles;
    handles.reserve(n);
    const Stopwatch watch;
    for (std::uint64_t i = 0; i < n; ++i) handles.push_back(rouse::spawn(nothing));
    for (rouse::JoinHandle<>& handle : handles) co_await handle;
    handles = std::vector<rouse::JoinHandle<>>(); // frees the memory, as the peer's loop does
    co_return watch.elapsed();
}

Task<Nanoseconds> spawn_await(std::uint64_t n) {
    const Stopwatch watch;
    for (std::uint64_t i = 0; i < n; ++i) co_await rouse::spawn(nothing);
    co_return watch.elapsed();
}

/// At the bottom of `depth` coroutines.
Task<Nanoseconds> yield_below(unsigned depth, std::uint64_t n) {
    if (depth > 1) co_return co_await yield_below(depth - 1, n);
    const Stopwatch watch;
    for (std::uint64_t i = 0; i < n; ++i) co_await rouse::yield_now();
    co_return watch.elapsed();
}
Task<Nanoseconds> yield_depth1(std::uint64_t n) { return yield_below(1, n); }
Task<Nanoseconds> yield_depth100(std::uint64_t n) { return yield_below(100, n); }

/// A future as a user writes it, that wakes itself and is Pending once.
class WakeSelf {
public:
    using Output = void;
    WakeSelf() noexcept = default;
    rouse::Poll<void> poll(rouse::Context& cx) {
        if (std::exchange(woken_, true)) return rouse::Ready();
        cx.waker().wake_by_ref();
        return rouse::Pending;
    }

private:
    bool woken_ = false;
};

/// To compare with `yield_now`: the same way round the scheduler, watched for burning a core.
Task<Nanoseconds> yield_wake(std::uint64_t n) {
    const Stopwatch watch;
    for (std::uint64_t i = 0; i < n; ++i) co_await WakeSelf();
    co_return watch.elapsed();
}

// Not inlined, or the compiler might see the frame's whole life.
[[gnu::noinline]] Task<std::uint64_t> ready(std::uint64_t value) { co_return opaque(value); }

Task<Nanoseconds> await_ready(std::uint64_t n) {
    std::uint64_t sum = 0;
    const Stopwatch watch;
    for (std::uint64_t i = 0; i < n; ++i) sum += co_await ready(i);
    const Nanoseconds elapsed = watch.elapsed();
    check(sum == n * (n - 1) / 2, "await_ready");
    co_return elapsed;
}

/// A ring of tasks, of which one at a time has the token. Each goes idle before it is woken again. The rows
/// with a peer never come there: their tasks are woken while they are settling (see Turn), where no verdict
/// is asked for. This row, and the next one, are for verdict_cost.sh.
class TokenRing {
public:
    static constexpr std::size_t members = 8;

    explicit TokenRing(std::uint64_t passes) noexcept : left_(passes) {}
    /// Ready when `member` has the token, or the ring has ended (false).
    class Token {
    public:
        using Output = bool;
        Token(TokenRing& ring, std::size_t member) noexcept : ring_(&ring), member_(member) {}
        rouse::Poll<bool> poll(rouse::Context& cx) {
            if (ring_->owner_ != member_ && ring_->left_ > 0) {
                ring_->wakers_[member_].clone_from(cx.waker());
                return rouse::Pending;
            }
            return rouse::Ready(ring_->left_ > 0);
        }

    private:
        TokenRing* ring_;
        std::size_t member_;
    };
    [[nodiscard]] const rouse::Waker& waker(std::size_t member) const noexcept { return wakers_[member]; }
    [[nodiscard]] Token token(std::size_t member) noexcept { return Token(*this, member); }
    void pass() {
        owner_ = (owner_ + 1) % members;
        if (--left_ == 0) {
            for (rouse::Waker& waker : wakers_) std::move(waker).wake();
            return;
        }
        std::move(wakers_[owner_]).wake();
    }

private:
    std::uint64_t left_;
    std::size_t owner_ = 0;
    rouse::Waker wakers_[members];
};

Task<> pass_on(TokenRing& ring, std::size_t member) {
    bool mine = co_await ring.token(member);
    while (mine) {
        ring.pass();
        mine = co_await ring.token(member);
    }
}

Task<Nanoseconds> token_ring(std::uint64_t n) {
    TokenRing ring(n);
    std::vector<rouse::JoinHandle<>> handles;
    // The first one, which has the token, is spawned last: the others wait by then.
    for (std::size_t i = TokenRing::members; i-- > 0;)
        handles.push_back(rouse::spawn(pass_on, std::ref(ring), i));
    const Stopwatch watch;
    for (rouse::JoinHandle<>& handle : handles) co_await handle;
    co_return watch.elapsed();
}

/// A second waker of an idle task is made and dropped, outside of the task's own poll.
Task<Nanoseconds> waker_drop(std::uint64_t n) {
    TokenRing ring(1);
    auto idle = rouse::spawn(pass_on, std::ref(ring), 1);
    co_await rouse::yield_now(); // it waits now,
    co_await rouse::yield_now(); // and is settled
    const rouse::Waker& waker = ring.waker(1);
    check(static_cast<bool>(waker), "waker_drop: nobody waits");
    const Stopwatch watch;
    for (std::uint64_t i = 0; i < n; ++i) {
        const rouse::Waker dropped = waker.clone();
    }
    const Nanoseconds elapsed = watch.elapsed();
    ring.pass();
    co_await idle;
    co_return elapsed;
}

constexpr double million = 1e6;
constexpr Workload workloads[] = {
    {"spawn_join_1m", million, in_root<spawn_join>},
    {"spawn_await", million, in_root<spawn_await>},
    {"spawn_await_spawned", million, in_task<spawn_await>},
    {"yield_depth1", 10 * million, in_root<yield_depth1>},
    {"yield_depth1_spawned", 10 * million, in_task<yield_depth1>},
    {"yield_wake_spawned", 10 * million, in_task<yield_wake>},
    {"yield_depth100", 10 * million, in_root<yield_depth100>},
    {"await_ready", 10 * million, in_root<await_ready>},
    {"token_ring", million, in_root<token_ring>},
    {"waker_drop", million, in_root<waker_drop>},
};

} // namespace

std::span<const Workload> task_workloads() { return workloads; }

} // namespace micro
