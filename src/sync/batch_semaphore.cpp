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
        if (WaitList::refresh(node, fresh)) { // [W3]
            if (node.lock_wait_) node.lock_wait_->enter(waker);
            return Result::pending;
        }
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
        if (node.lock_wait_) node.lock_wait_->queue(waker);
        return Result::pending;
    }
}

/// [W5] Under the lock.
void BatchSemaphore::take_granted(PermitNode& node) noexcept {
    if (kept_) node.reset();
    else WaitList::take(node);
}

/// Permits on their way to waiters, and those whom they wake.
class BatchSemaphore::Handing : public Returning {
public:
    explicit Handing(std::uint32_t count) noexcept : count(count) {}
    std::uint32_t count; // not yet given to anybody
    bool more = false;   // somebody has all he wants, and is fired in the next round
    WakeBatch wakers;
};

/// Under the lock: to the waiters, in their order; what is left when `wakers` is not full goes into the word.
void BatchSemaphore::hand_out(Handing& out) noexcept {
    out.more = false;
    while (WaitNode* const first = list_.front()) {
        auto& node = static_cast<PermitNode&>(*first);
        const std::uint32_t part = std::min(out.count, node.missing_);
        node.missing_ -= part;
        out.count -= part;
        if (node.missing_ != 0) break;
        out.more = out.wakers.full();
        if (out.more) break;
        if (node.lock_wait_) node.lock_wait_->granted();
        list_.fire(node, WaitNode::granted, out.wakers, kept_);
    }
    if (list_.empty()) put_back(std::exchange(out.count, 0));
    away_.note(out, out.more);
}

/// Without the lock. When nobody is left to fire nothing here is touched: those who were woken may have
/// destroyed it.
void BatchSemaphore::finish(Handing& out) noexcept {
    while (out.more) {
        out.wakers.wake();
        if (!out.come()) return; // [N2]
        const std::lock_guard lock(lock_);
        hand_out(out);
    }
    out.wakers.wake();
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
    Handing out(count);
    {
        const std::lock_guard lock(lock_);
        hand_out(out);
    }
    finish(out);
}

void BatchSemaphore::cancel_slow(PermitNode& node) noexcept {
    Handing out(0);
    Waker waker;
    bool granted = false;
    {
        const std::lock_guard lock(lock_);
        if (WaitList::remove(node, waker)) { // [W4]
            if (node.lock_wait_) node.lock_wait_->leave();
            // What it had collected may be all that those behind it want.
            out.count = node.wanted_ - node.missing_;
            hand_out(out);
        } else if (node.state() == WaitNode::granted) {
            granted = true;
            if (node.lock_wait_) node.lock_wait_->give_back();
            take_granted(node);
        }
    }
    node.reset();
    if (granted) release(node.wanted_);
    else finish(out);
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
    Returning self;
    WakeBatch wakers;
    std::uint32_t collected = 0;
    for (bool more = true, first_round = true; more; first_round = false) {
        if (!first_round) {
            wakers.wake();
            if (!self.come()) return; // [N2]
        }
        const std::lock_guard lock(lock_);
        word_.fetch_or(closed, memory_order_acq_rel);
        while (WaitNode* const first = list_.front()) {
            if (wakers.full()) break;
            auto& node = static_cast<PermitNode&>(*first);
            collected += node.wanted_ - node.missing_;
            if (node.lock_wait_) node.lock_wait_->leave();
            list_.fire(node, WaitNode::closed, wakers);
        }
        more = !list_.empty();
        if (!more) put_back(std::exchange(collected, 0));
        if (for_good) more = !dismiss() || more;
        else away_.note(self, more);
    }
    wakers.wake();
}

/// Of the destructor, under the lock: those who were granted permits will not have them: [W5]. False:
/// somebody is on his way here: [N3].
bool BatchSemaphore::dismiss() noexcept {
    list_.abandon_given();
    while (away_.first()) {
        if (away_.dismiss_first()) continue;
        pause_processor();
        return false;
    }
    return true;
}

std::size_t BatchSemaphore::waiting() noexcept {
    const std::lock_guard lock(lock_);
    return list_.size();
}

} // namespace rouse::detail
