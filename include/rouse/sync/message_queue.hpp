// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/base/atomic.hpp"
#include "rouse/base/config.hpp"
#include "rouse/base/frame_cache.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace rouse::detail {

/// Thirty-two messages of a MessageQueue.
template <class T>
class MessageBlock {
public:
    static constexpr std::uint32_t size = 32;

    explicit MessageBlock(std::uint32_t start) noexcept : start(start) {}
    ~MessageBlock() {}
    static void* operator new(std::size_t bytes) {
        if constexpr (alignof(T) > FrameCache::granule)
            return ::operator new(bytes, std::align_val_t(alignof(T)));
        else return FrameCache::allocate(bytes);
    }
    static void operator delete(void* block, std::size_t bytes) noexcept {
        if constexpr (alignof(T) > FrameCache::granule)
            ::operator delete(block, std::align_val_t(alignof(T)));
        else FrameCache::deallocate(block, bytes);
    }
    [[nodiscard]] bool has(std::uint32_t position) const noexcept { return position - start < size; }
    [[nodiscard]] bool all_ready() const noexcept {
        for (const Atomic<bool>& one : ready)
            if (!one.load(memory_order_acquire)) return false;
        return true;
    }

    const std::uint32_t start; // the position of the first one
    std::uint32_t observed = 0;
    Atomic<bool> released{false};
    Atomic<bool> ready[size]{};
    Atomic<MessageBlock*> next{nullptr};
    union {
        T messages[size]; // made where `ready` says so
    };
};

/// Messages of many producers to one consumer, without a bound and without a lock: a list of blocks. The
/// positions are given out by the channel, in the upper half of its word, one RMW each.
///
/// [Q1] push, of a position that the word gave out: find its block, from `newest_` on, or from `tail_` on if
/// that is past it, appending blocks where the list ends; move `newest_` on to it; write the message; set its
/// `ready` (release), the last touch of a producer. [Q2] pop: the consumer looks at `ready` of its position
/// (acquire), and takes the message: no RMW at all.
///
/// [Q3] A producer that has come to another block moves `tail_` past those that are full (all `ready`: nobody
/// looks for a place in them any more), one by one: first `newest_`, if it still is that block, then `tail_`;
/// then it reads the word by an RMW, and notes the count in the block as `observed`, and `released`. [Q4] The
/// consumer frees a block that it has read, that is released, and when it has read all positions below
/// `observed`. Nobody is in the block then: a producer that still could load it from `tail_` or `newest_` got
/// its position before the RMW of Q3 (else its own RMW of the word, after that one, makes its loads see the
/// new ones), so its position is below `observed`, and was read: it has made its last touch.
///
/// [Q5] `newest_` goes forward only, and not to a block that `tail_` has passed: a producer moves it before
/// its last touch. Until then the block that it moves it to is not full, and the one that it moves it from is
/// not freed, so that no other one is at its address. `tail_` alone would not do: while one producer lost its
/// processor in the middle of Q1 it stays, and the others would walk all that they appended for each message.
template <class T>
class MessageQueue {
    using Block = MessageBlock<T>;
    static_assert(std::is_nothrow_move_constructible_v<T> && std::is_nothrow_destructible_v<T>,
                  "a message is moved into its place after the place was taken: its move must not throw");

public:
    MessageQueue()
        : newest_(new Block(0)),
          tail_(newest_.load(memory_order_relaxed)),
          head_block_(tail_.load(memory_order_relaxed)),
          oldest_(head_block_) {}
    MessageQueue(const MessageQueue&) = delete;
    MessageQueue& operator=(const MessageQueue&) = delete;
    /// Nobody pushes any more.
    ~MessageQueue() {
        while (front()) drop_front();
        for (Block* block = oldest_; block;)
            delete std::exchange(block, block->next.load(memory_order_relaxed));
    }

    /// [Q1] A position that was given out must be filled: there is no way back when memory is out.
    void push(std::uint32_t position, T&& message, Atomic<std::uint64_t>& word) noexcept {
        Block* block = newest_.load(memory_order_acquire);
        if (!block->has(position)) [[unlikely]]
            block = find(block, position, word);
        const std::uint32_t i = position % Block::size;
        ::new (static_cast<void*>(&block->messages[i])) T(std::move(message));
        block->ready[i].store(true, memory_order_release);
    }

    // ---- the consumer ----

    /// [Q2] The next message, or null.
    T* front() noexcept {
        if (!head_block_->has(head_)) [[unlikely]] {
            Block* const next = head_block_->next.load(memory_order_acquire);
            if (!next) return nullptr;
            head_block_ = next;
            reclaim();
        }
        const std::uint32_t i = head_ % Block::size;
        return head_block_->ready[i].load(memory_order_acquire) ? &head_block_->messages[i] : nullptr;
    }
    /// Of the message that `front` returned.
    T take_front() noexcept {
        T* const message = &head_block_->messages[head_ % Block::size];
        ++head_;
        T taken(std::move(*message));
        std::destroy_at(message);
        return taken;
    }
    void drop_front() noexcept {
        std::destroy_at(&head_block_->messages[head_ % Block::size]);
        ++head_;
    }
    /// Positions below were read.
    [[nodiscard]] std::uint32_t head() const noexcept { return head_; }

private:
    ROUSE_NOINLINE Block* find(Block* newest, std::uint32_t position, Atomic<std::uint64_t>& word) {
        const bool is_past = static_cast<std::int32_t>(position - newest->start) < 0;
        Block* block = is_past ? tail_.load(memory_order_acquire) : newest;
        while (!block->has(position)) {
            Block* const next = block->next.load(memory_order_acquire);
            block = next ? next : append(*block);
        }
        if (!is_past) // [Q5]
            newest_.compare_exchange_strong(newest, block, memory_order_acq_rel, memory_order_relaxed);
        release_full(word);
        return block;
    }
    /// [Q3]
    void release_full(Atomic<std::uint64_t>& word) noexcept {
        Block* block = tail_.load(memory_order_acquire);
        while (block->all_ready()) {
            Block* const next = block->next.load(memory_order_acquire);
            if (!next) return;
            Block* expected = block;
            if (newest_.load(memory_order_relaxed) == block)
                newest_.compare_exchange_strong(expected, next, memory_order_acq_rel, memory_order_relaxed);
            expected = block;
            if (!tail_.compare_exchange_strong(expected, next, memory_order_acq_rel, memory_order_relaxed))
                return; // another one is at it
            block->observed = static_cast<std::uint32_t>(word.fetch_add(0, memory_order_seq_cst) >> 32);
            block->released.store(true, memory_order_release);
            block = next;
        }
    }
    Block* append(Block& last) {
        auto* const fresh = new Block(last.start + Block::size);
        Block* next = nullptr;
        if (last.next.compare_exchange_strong(next, fresh, memory_order_acq_rel, memory_order_acquire))
            return fresh;
        delete fresh;
        return next;
    }
    /// [Q4]
    void reclaim() noexcept {
        while (oldest_ != head_block_ && oldest_->released.load(memory_order_acquire) &&
               static_cast<std::int32_t>(head_ - oldest_->observed) >= 0)
            delete std::exchange(oldest_, oldest_->next.load(memory_order_relaxed));
    }

    Atomic<Block*> newest_;         // that somebody came to
    Atomic<Block*> tail_;           // the first that is not full, or was not looked at
    alignas(64) Block* head_block_; // these are the consumer's
    Block* oldest_;
    std::uint32_t head_ = 0;
};

} // namespace rouse::detail
