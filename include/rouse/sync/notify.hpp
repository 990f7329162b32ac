// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/core/future.hpp"
#include "rouse/sync/wait_list.hpp"

#include <cstdint>
#include <string_view>
#include <utility>

namespace rouse {

class Notify;

/// Completes with a notification of a Notify.
/// Wake:   by `notify_one`, if it is the first in the queue, or by `notify_waiters`.
/// Cancel: destroy it; a `notify_one` that it got and did not see goes to the next, or is stored.
/// Errors: throws `Abandoned` when the Notify is destroyed meanwhile.
/// Thread: any, one at a time.
class [[nodiscard]] Notified {
public:
    using Output = void;
    explicit Notified(Notify& notify) noexcept;
    Notified(Notified&& other) noexcept = default;
    Notified& operator=(Notified&&) = delete;
    ~Notified();

    Poll<void> poll(Context& cx) { return detail::poll_split(*this, cx); }
    bool poll_ready(Context& cx);
    void take_ready();
    /// Takes its place in the queue now, before the first poll: a `notify_one` from here on may be meant for
    /// it. True: it is notified already.
    bool enable();
    void inspect(Inspector& to) const;

private:
    Notify* notify_;
    std::uint64_t round_;
    bool ready_ = false; // by a permit, or a notify_waiters: not yet taken
    bool permit_ = false;
    bool taken_ = false;
    detail::WaitNode node_;
};

/// Tells tasks that something has happened, without a value.
///
/// `notify_one` completes one `notified()`, the one that has waited longest; if nobody waits it is stored,
/// once, for the next. `notify_waiters` completes those that exist at this time (made, whether polled or
/// not), and stores nothing.
///
/// Fairness: first come, first served. Memory: what was done before a notification happens before what is
/// done after its `notified()` completes. Destroyed with waiters it wakes them, and they throw `Abandoned`.
/// Thread: any.
/// Its destruction must not run beside a poll or a drop of one of its futures on another thread.
///
/// ```cpp
/// rouse::Notify changed;
/// // one task:      set_state(...); changed.notify_one();
/// // another task:  co_await changed.notified(); read_state();
/// ```
class Notify {
public:
    /// `name` is for the reader of a dump; it is not copied.
    explicit Notify(std::string_view name = {}) noexcept : name_(name) {}

    [[nodiscard]] Notified notified() noexcept { return Notified(*this); }
    void notify_one() noexcept {
        queue_.fire_one([this] { permit_ = true; });
    }
    void notify_waiters() noexcept {
        queue_.fire_all(detail::WaitNode::notified, [this] { round_.fetch_add(1, memory_order_release); });
    }
    [[nodiscard]] std::string_view name() const noexcept { return name_; }

private:
    friend class Notified;
    bool permit_ = false;            // under the lock
    Atomic<std::uint64_t> round_{0}; // counts notify_waiters
    std::string_view name_;
    detail::WaitQueue queue_; // its end comes first
};

} // namespace rouse
