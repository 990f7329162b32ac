// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/base/stop.hpp"
#include "rouse/sync/lock_graph.hpp"
#include "rouse/sync/wait_list.hpp"

#include <cstddef>
#include <cstdint>

namespace rouse::detail {

/// Waits for permits.
class PermitNode : public WaitNode {
public:
    PermitNode() noexcept = default;
    PermitNode(PermitNode&& other) noexcept : WaitNode(std::move(other)) {} // `lock_wait_` is of the future
    /// Of a lock: before a poll. One that is queued already has it, and whoever grants reads it.
    void wait_for_lock(LockWait& wait) noexcept {
        if (lock_wait_ != &wait) lock_wait_ = &wait;
    }
    /// That was acquired, and not used.
    void give_lock_back() noexcept {
        if (lock_wait_) lock_wait_->give_back();
    }

private:
    friend class BatchSemaphore;
    LockWait* lock_wait_ = nullptr;
    std::uint32_t wanted_ = 0;
    std::uint32_t missing_ = 0; // under the lock
};

/// Permits, and who waits for them, first in, first out: what Semaphore, Mutex, RwLock and the bounded
/// channels are made of.
///
///     bit  0      closed
///     bit  1      somebody waits
///     bit  2      of the owner: an mpsc's receiver is asleep
///     bit  3      of the owner: an mpsc's senders are gone
///     bits 4-31   permits that nobody has
///     bits 32-63  of the owner: an mpsc's count of messages (modulo 2^32)
///
/// [B1] take: compare-exchange permits out. [B2] wait: under the lock, compare-exchange *all* permits out,
/// for this waiter, and WAITS in. So while WAITS is set there are no permits: nobody overtakes a waiter, and
/// only those who hold the lock change permits and WAITS. [B3] release: compare-exchange permits in, if WAITS
/// is not set; else, under the lock, they go to the waiters in their order: the first one collects until it
/// has all it wants, so many small requests cannot starve a large one. What is left over is put into the word
/// in the step that takes WAITS off. [B4] close: under the lock, CLOSED in; waiters are fired, what they had
/// collected goes back into the word. B1 to B4 are RMWs of one word: whoever waits has seen the last release.
///
/// Orders: acq_rel on all of them. What was done before a release happens before what is done after the
/// acquisition of any of its permits, by the word or by [W2] and [W3] of the node.
class BatchSemaphore {
public:
    static constexpr std::uint64_t closed = 1;
    static constexpr std::uint64_t waits = 2;
    static constexpr std::uint64_t asleep = 4;
    static constexpr std::uint64_t ended = 8;
    static constexpr std::uint64_t one_permit = 16;
    static constexpr std::uint64_t permits_mask = 0xffff'fff0;
    static constexpr std::uint32_t most_permits = (1u << 28) - 1;
    static constexpr std::uint64_t one_message = std::uint64_t{1} << 32;
    static constexpr std::uint32_t permits(std::uint64_t word) noexcept {
        return static_cast<std::uint32_t>(word & permits_mask) >> 4;
    }

    enum class Result : std::uint8_t { acquired, pending, closed };

    /// Stops the program when there are more than `most_permits`. `kept`: it outlives the futures that wait
    /// for its permits, as that of a channel does.
    explicit BatchSemaphore(std::size_t permits, bool kept = false);
    BatchSemaphore(const BatchSemaphore&) = delete;
    BatchSemaphore& operator=(const BatchSemaphore&) = delete;
    /// Closes it, also for those who were granted permits and have not taken them: [W5]. Waits for a releaser
    /// that is on its way out.
    ~BatchSemaphore() { close(true); }

    [[nodiscard]] std::uint64_t load() const noexcept { return word_.load(memory_order_acquire); }
    [[nodiscard]] std::uint32_t available() const noexcept { return permits(load()); }
    [[nodiscard]] bool is_closed() const noexcept { return load() & closed; }
    /// [B1] `Result::pending`: there are not enough.
    Result try_acquire(std::uint32_t count) noexcept {
        std::uint64_t word = word_.load(memory_order_relaxed);
        do {
            if (word & closed) return Result::closed;
            if (permits(word) < count) return Result::pending;
        } while (!word_.compare_exchange_weak(word, word - count * one_permit, memory_order_acq_rel,
                                              memory_order_relaxed));
        return Result::acquired;
    }
    /// After `acquired` and `closed` the node is idle, and holds no waker.
    Result poll(PermitNode& node, std::uint32_t count, const Waker& waker) {
        if (node.is_idle()) {
            if (const Result now = try_acquire(count); now != Result::pending) return now;
        }
        return poll_slow(node, count, waker);
    }
    /// The future goes: whatever its node has is handed on.
    void cancel(PermitNode& node) noexcept {
        if (!node.is_idle()) cancel_slow(node);
    }
    /// [B3]
    void release(std::uint32_t count) noexcept {
        std::uint64_t word = word_.load(memory_order_relaxed);
        do {
            if ((word & waits) || count > most_permits - permits(word)) [[unlikely]]
                return release_slow(count);
        } while (!word_.compare_exchange_weak(word, word + count * one_permit, memory_order_acq_rel,
                                              memory_order_relaxed));
    }
    /// Takes up to `count` permits out, for good. How many.
    std::uint32_t forget(std::uint32_t count) noexcept;
    /// [B4]
    void close() noexcept { close(false); }

    /// For what the owner keeps in it; permits and the two lowest bits are not to be changed by it.
    [[nodiscard]] Atomic<std::uint64_t>& word() noexcept { return word_; }
    /// For tests: how many wait.
    [[nodiscard]] std::size_t waiting() noexcept;

private:
    Result poll_slow(PermitNode& node, std::uint32_t count, const Waker& waker);
    void cancel_slow(PermitNode& node) noexcept;
    void release_slow(std::uint32_t count) noexcept;
    class Handing;
    void hand_out(Handing& out) noexcept;
    void finish(Handing& out) noexcept;
    void put_back(std::uint32_t count) noexcept;
    void close(bool for_good) noexcept;
    bool dismiss() noexcept;
    void take_granted(PermitNode& node) noexcept;

    Atomic<std::uint64_t> word_;
    ShortLock lock_;
    const bool kept_;
    WaitList list_;
    ReturnList away_;
};

/// A future's request for permits: the node, and what has become of it.
class PermitWait {
public:
    using Result = BatchSemaphore::Result;
    explicit PermitWait(std::uint32_t count) noexcept : count_(count) {}
    PermitWait(PermitWait&&) noexcept = default;
    /// Of a lock, before each poll.
    void wait_for_lock(LockWait& wait) noexcept { node_.wait_for_lock(wait); }

    /// True: it has an outcome. `core` is not touched when it was destroyed meanwhile.
    bool poll(BatchSemaphore& core, const Waker& waker, const char* future_type) {
        if (taken_) [[unlikely]]
            stop_polled_after_ready(future_type);
        if (result_ == Result::pending) {
            if (node_.state() != WaitNode::closed) {
                result_ = core.poll(node_, count_, waker);
            } else {
                node_.reset();
                result_ = Result::closed;
            }
        }
        return result_ != Result::pending;
    }
    /// The outcome. Permits are the caller's from now on.
    Result take() noexcept {
        taken_ = true;
        return result_;
    }
    /// The future goes.
    void end(BatchSemaphore& core) noexcept {
        if (is_over()) return;
        if (result_ == Result::acquired) {
            node_.give_lock_back();
            core.release(count_);
        } else {
            core.cancel(node_);
        }
    }
    /// There is nothing that it waits for, or has.
    [[nodiscard]] bool is_over() const noexcept {
        return taken_ || result_ == Result::closed || node_.state() == WaitNode::closed;
    }
    [[nodiscard]] std::uint32_t count() const noexcept { return count_; }

private:
    std::uint32_t count_;
    Result result_ = Result::pending;
    bool taken_ = false;
    PermitNode node_;
};

} // namespace rouse::detail
