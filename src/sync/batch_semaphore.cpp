// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/sync/batch_semaphore.hpp"

#include "rouse/base/stop.hpp"

#include <algorithm>

namespace rouse::detail {

BatchSemaphore::BatchSemaphore(std::size_t permits, bool kept) : word_(permits * one_permit), kept_(kept) {
    if (permits > most_permits) stop("a semaphore, or the room of a channel, of more than 268,435,455");
}

BatchSemaphore::Result BatchSemaphore::poll_slow(PermitNode& node, std::uint32_t count, const Waker& waker) {
    switch (node.state()) {
    case WaitNode::granted: {
        if (kept_) {
            node.reset();
        } else {
            const std::lock_guard lock(lock_);
            WaitList::take(node);
        }
        return Result::acquired;
    }
    case WaitNode::closed:
        node.reset();
        return Result::closed;
    default:
        break;
    }
    Waker fresh = waker.clone();
    const std::lock_guard lock(lock_);
    if (!node.is_idle()) {
        if (WaitList::refresh(node, fresh)) return Result::pending; // [W3]
        if (node.state() == WaitNode::granted) {
            take_granted(node);
            return Result::acquired;
        }
        node.reset();
        return Result::closed;
    }
    std::uint64_t word = word_.load(memory_order_relaxed);
    for (;;) {
        if (word & closed) return Result::closed;
        const std::uint32_t there = permits(word);
        const bool enough = there >= count;
        const std::uint64_t next = enough ? word - count * one_permit : (word & ~permits_mask) | waits;
        if (!word_.compare_exchange_weak(word, next, memory_order_acq_rel, memory_order_relaxed)) continue;
        if (enough) return Result::acquired;
        node.wanted_ = count;
        node.missing_ = count - there;
        list_.push(node, fresh); // [B2], [W1]
        return Result::pending;
    }
}

/// [W5] Under the lock.
void BatchSemaphore::take_granted(PermitNode& node) noexcept {
    if (kept_) node.reset();
    else WaitList::take(node);
}

/// Under the lock: to the waiters, in their order. How many are left when `wakers` is full; 0: all have gone
/// where they belong, the word included.
std::uint32_t BatchSemaphore::hand_out(std::uint32_t count, WakeBatch& wakers) noexcept {
    while (WaitNode* const first = list_.front()) {
        auto& node = static_cast<PermitNode&>(*first);
        const std::uint32_t part = std::min(count, node.missing_);
        node.missing_ -= part;
        count -= part;
        if (node.missing_ != 0) return 0;
        if (wakers.full()) return count; // it has all, and is fired in the next round
        list_.fire(node, WaitNode::granted, wakers, kept_);
    }
    put_back(count);
    return 0;
}

/// Under the lock, with an empty list.
void BatchSemaphore::put_back(std::uint32_t count) noexcept {
    std::uint64_t word = word_.load(memory_order_relaxed);
    do {
        if (count > most_permits - permits(word)) stop("a semaphore was given more than 268,435,455 permits");
    } while (!word_.compare_exchange_weak(word, (word & ~waits) + count * one_permit, memory_order_acq_rel,
                                          memory_order_relaxed));
}

void BatchSemaphore::release_slow(std::uint32_t count) noexcept {
    WakeBatch wakers;
    for (bool more = true; more;) {
        {
            const std::lock_guard lock(lock_);
            count = hand_out(count, wakers);
            more = count != 0 || (wakers.full() && !list_.empty());
        }
        wakers.wake();
    }
}

void BatchSemaphore::cancel_slow(PermitNode& node) noexcept {
    std::uint32_t back = 0;
    bool again = false;
    {
        Waker waker;
        WakeBatch wakers;
        const std::lock_guard lock(lock_);
        if (WaitList::remove(node, waker)) { // [W4]
            // What it had collected may be all that those behind it want.
            back = hand_out(node.wanted_ - node.missing_, wakers);
            again = wakers.full();
        } else if (node.state() == WaitNode::granted) {
            back = node.wanted_;
            take_granted(node);
        }
    }
    node.reset();
    if (again) release_slow(back);
    else if (back != 0) release(back);
}

std::uint32_t BatchSemaphore::forget(std::uint32_t count) noexcept {
    std::uint64_t word = word_.load(memory_order_relaxed);
    std::uint32_t taken = 0;
    do {
        taken = std::min(count, permits(word));
    } while (!word_.compare_exchange_weak(word, word - taken * one_permit, memory_order_acq_rel,
                                          memory_order_relaxed));
    return taken;
}

void BatchSemaphore::close(bool for_good) noexcept {
    WakeBatch wakers;
    std::uint32_t collected = 0;
    for (bool more = true; more;) {
        {
            const std::lock_guard lock(lock_);
            word_.fetch_or(closed, memory_order_acq_rel);
            while (WaitNode* const first = list_.front()) {
                if (wakers.full()) break;
                auto& node = static_cast<PermitNode&>(*first);
                collected += node.wanted_ - node.missing_;
                list_.fire(node, WaitNode::closed, wakers);
            }
            more = !list_.empty();
            if (!more) put_back(collected);
            if (for_good) list_.abandon_given();
        }
        wakers.wake();
    }
}

std::size_t BatchSemaphore::waiting() noexcept {
    const std::lock_guard lock(lock_);
    return list_.size();
}

} // namespace rouse::detail
