// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/core/future.hpp"
#include "rouse/sync/wait_list.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace rouse {

class Barrier;

/// What a wait at a barrier returns: one of those that meet is the leader, the one that came last.
class BarrierWaitResult {
public:
    explicit BarrierWaitResult(bool leader) noexcept : leader_(leader) {}
    [[nodiscard]] bool is_leader() const noexcept { return leader_; }

private:
    bool leader_;
};

/// Completes when as many have come as the barrier waits for.
/// Wake:   by the last of them.
/// Cancel: destroy it; it then has not come, unless the last one came before.
/// Errors: throws `Abandoned` when the barrier is destroyed meanwhile.
/// Thread: any, one at a time.
class [[nodiscard]] BarrierWait {
public:
    using Output = BarrierWaitResult;
    explicit BarrierWait(Barrier& barrier) noexcept : barrier_(&barrier) {}
    BarrierWait(BarrierWait&& other) noexcept = default;
    BarrierWait& operator=(BarrierWait&&) = delete;
    ~BarrierWait();

    Poll<Output> poll(Context& cx) { return detail::poll_split(*this, cx); }
    bool poll_ready(Context& cx);
    Output take_ready();
    void inspect(Inspector& to) const;

private:
    Barrier* barrier_;
    bool leader_ = false;
    bool taken_ = false;
    std::uint64_t round_ = 0; // in which it came
    detail::WaitNode node_;
};

/// Lets tasks go on when `count` of them have come; then it begins anew. A count of 0 is one of 1.
///
/// Memory: what each did before it came happens before what any of them does after. Destroyed with waiters it
/// wakes them, and they throw `Abandoned`. Thread: any.
/// Its destruction must not run beside a poll or a drop of one of its futures on another thread.
///
/// ```cpp
/// rouse::Barrier barrier(3);
/// // three tasks:
/// const auto met = co_await barrier.wait();
/// if (met.is_leader()) publish();
/// ```
class Barrier {
public:
    /// `name` is for the reader of a dump; it is not copied.
    explicit Barrier(std::size_t count, std::string_view name = {}) noexcept
        : count_(count == 0 ? 1 : count), name_(name) {}
    [[nodiscard]] BarrierWait wait() noexcept { return BarrierWait(*this); }
    [[nodiscard]] std::string_view name() const noexcept { return name_; }

private:
    friend class BarrierWait;
    std::size_t count_;
    std::size_t came_ = 0; // these are under the lock
    std::uint64_t round_ = 0;
    std::string_view name_;
    detail::WaitQueue queue_; // its end comes first
};

} // namespace rouse
