// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/sync/borrow_lock.hpp"

#include "rouse/base/stop.hpp"
#include "rouse/core/turn.hpp"

#include <mutex>

namespace rouse::detail {
namespace {

/// Tells the threads apart.
const void* this_thread_mark() noexcept { return &turn; }

} // namespace

bool BorrowLock::has(const void* thread) noexcept {
    bool found = false;
    borrows_.for_each([&](const Borrow& borrow) { found = found || borrow.thread_ == thread; });
    return found;
}

void BorrowLock::next_turn() noexcept {
    turns_.fetch_add(1, memory_order_release); // [R2]
    turns_.notify_all();
}

void BorrowLock::begin(Borrow& borrow) noexcept {
    const void* const me = this_thread_mark();
    if (changed_by_.load(memory_order_relaxed) == me)
        stop("a watch is borrowed within a change of its value");
    borrow.thread_ = me;
    for (;;) {
        std::uint32_t seen;
        {
            const std::lock_guard lock(lock_);
            if (changes_waiting_ == 0 || has(me)) return borrows_.push_back(borrow);
            seen = turns_.load(memory_order_relaxed); // [R1]
        }
        turns_.wait(seen, memory_order_acquire);
    }
}

void BorrowLock::end(Borrow& borrow) noexcept {
    const std::lock_guard lock(lock_);
    borrow.unlink();
    if (borrows_.empty() && changes_waiting_ != 0) next_turn();
}

void BorrowLock::move(Borrow& from, Borrow& to) noexcept {
    const std::lock_guard lock(lock_);
    from.unlink();
    to.thread_ = this_thread_mark();
    borrows_.push_back(to);
}

/// On return the lock is held.
void BorrowLock::begin_change() noexcept {
    const void* const me = this_thread_mark();
    if (changed_by_.load(memory_order_relaxed) == me) stop("a watch is sent to within a change of its value");
    bool waiting = false;
    for (;;) {
        lock_.lock();
        if (waiting) --changes_waiting_;
        if (borrows_.empty()) break;
        const bool mine = has(me);
        const std::uint32_t seen = turns_.load(memory_order_relaxed); // [R1]
        ++changes_waiting_;
        waiting = true;
        lock_.unlock();
        if (mine)
            stop("a watch is sent to on a thread that is borrowing its value: it would wait for itself");
        turns_.wait(seen, memory_order_acquire);
    }
    changed_by_.store(me, memory_order_relaxed);
}

void BorrowLock::end_change() noexcept {
    changed_by_.store(nullptr, memory_order_relaxed);
    if (changes_waiting_ == 0) next_turn();
    lock_.unlock();
}

} // namespace rouse::detail
