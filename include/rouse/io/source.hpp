// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/base/atomic.hpp"
#include "rouse/base/intrusive_list.hpp"
#include "rouse/base/short_lock.hpp"
#include "rouse/core/waker.hpp"
#include "rouse/io/readiness.hpp"

#include <cstdint>
#include <span>

namespace rouse::detail {

/// A future that waits for a descriptor: lies in it, and links into the source. Pinned while it is queued.
class IoWaiter : public ListLink<> {
public:
    [[nodiscard]] bool is_queued() const noexcept { return queued.load(memory_order_acquire); }

    Waker waker;              // under the lock of the source
    std::uint32_t wanted = 0; // the same
    // [R4] Cleared (release) by whoever takes the waiter out of the list, as the last it does to it. A future
    // that finds it cleared (acquire) is in no list, and may go without a lock.
    Atomic<bool> queued{false};
};

/// What is known of one registered descriptor, and who waits for it. Lives in its driver until the driver
/// goes, and serves one descriptor after the other: a `generation` tells them apart.
///
/// All that is decided is decided on one word:
///
///     bits  0-5   readiness (see io::Readiness)
///     bit   6     closed: by its owner
///     bit   7     ended: the driver's runtime is gone
///     bits  8-10  somebody waits: to read, to write, for priority
///     bit  11     urgent: out-of-band data was seen; a short read then does not mean that there is no more
///     bits 12-31  tick: counts the events
///     bits 32-63  generation
///
/// [R1] wait: under the lock, compare-exchange WAITS in, unless what is wanted is there (or it is closed, or
/// ended, or of another generation); then link.
///
/// [R2] the driver, with an event: compare-exchange the readiness in and the tick up, unless the generation
/// is another. The word that it replaced has WAITS if somebody waits: only then it takes the lock, and takes
/// the waiters out. R1 and R2 are RMWs of one word. If R1 came first, R2 sees WAITS, and the lock makes it
/// wait for the link; if R2 came first, R1 sees the readiness, and does not link. Closing and ending are R2s
/// too.
///
/// [R3] clear, after a call that would block: compare-exchange readiness out, unless the tick is another than
/// that of the word which the call relied on. An event between the call and R3 has raised it, and is kept.
///
/// [R4] the end of a wait: see IoWaiter. WAITS is taken off under the lock, by R2 or a future that goes; it
/// may stay on for nothing while others wait, and is off when nobody does.
///
/// Wakers are cloned, woken and dropped outside the lock: they run code of the user's.
class alignas(64) IoSource { // an event finds all that it needs in the first cache line
public:
    static constexpr std::uint64_t closed = 1u << 6;
    static constexpr std::uint64_t ended = 1u << 7;
    static constexpr std::uint64_t waits_shift = 8;
    static constexpr std::uint64_t waits_mask = 7u << waits_shift;
    static constexpr std::uint64_t urgent = 1u << 11;
    static constexpr std::uint64_t one_tick = 1u << 12;
    static constexpr std::uint64_t tick_mask = 0xffff'f000;
    static constexpr std::uint64_t over = closed | ended;
    static constexpr std::uint32_t generation(std::uint64_t word) noexcept {
        return static_cast<std::uint32_t>(word >> 32);
    }

    IoSource() noexcept = default;
    IoSource(const IoSource&) = delete;
    IoSource& operator=(const IoSource&) = delete;

    [[nodiscard]] std::uint64_t load() const noexcept { return word_.load(memory_order_acquire); }

    /// [R1] Registers a clone of `waker` for `interest`. False, and nothing has changed, when there is no
    /// need to wait: ready, closed, ended, or of another generation.
    bool wait(IoWaiter& waiter, std::uint32_t generation, io::Interest interest, const Waker& waker);
    /// Takes a waiter out, if it is queued, and drops its waker. From any thread.
    void forget(IoWaiter& waiter) noexcept {
        if (waiter.is_queued()) forget_queued(waiter);
    }
    /// [R3] `seen` is the word that the call relied on; `bits` are of its readiness.
    void clear(std::uint64_t seen, std::uint32_t bits) noexcept;

    /// [R2] The number of those woken. Does nothing for another generation.
    std::size_t set_ready(std::uint32_t generation, std::uint32_t bits) noexcept;
    /// Closes or ends it, and wakes all. False: that bit was set before, or the generation is another.
    bool finish(std::uint32_t generation, std::uint64_t bit) noexcept;
    /// The same for whatever generation it has: the end of the driver.
    void end() noexcept { finish(generation(load()), ended); }
    [[nodiscard]] bool has_waiters() const noexcept { return load() & waits_mask; }

    /// By the driver: for a new descriptor, and when it is through with one. The new generation.
    std::uint32_t open(std::uint32_t ready) noexcept;
    void retire() noexcept;

private:
    static constexpr std::uint64_t waits_for(std::uint32_t wanted) noexcept {
        // Bits 3 and 4, closed for reading and for writing, belong to the waits of bits 0 and 1.
        return static_cast<std::uint64_t>((wanted & 7) | (wanted >> 3 & 3)) << waits_shift;
    }
    struct Taken {
        std::size_t count; // in `out`
        bool more;         // that did not fit
    };
    Taken take(std::uint32_t bits, std::span<Waker> out) noexcept;
    std::size_t wake(std::uint32_t bits) noexcept;
    std::size_t wake_many(std::uint32_t bits) noexcept;
    void forget_queued(IoWaiter& waiter) noexcept;

    Atomic<std::uint64_t> word_{0};
    IntrusiveList<IoWaiter> waiters_;
    ShortLock lock_; // of the waiters

public:
    // For the driver's use, under its mutex.
    std::uint32_t index = 0;
    IoSource* next_free = nullptr;

    // The waiters of `poll_read` and `poll_write`, which have no future to lie in.
    IoWaiter reader;
    IoWaiter writer;
};

} // namespace rouse::detail
