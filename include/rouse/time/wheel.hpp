// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/base/atomic.hpp"
#include "rouse/base/intrusive_list.hpp"
#include "rouse/core/waker.hpp"
#include "rouse/time/instant.hpp"

#include <cstdint>
#include <optional>

namespace rouse::detail {

class TimeDriver;

/// A timer that is set: lies in the future that waits, and links into a slot of the wheel.
class TimerNode : public ListLink<> {
public:
    enum class State : std::uint8_t { idle, set, fired, closed };

    /// Nanoseconds on the driver's clock, above zero; below zero while it is unmeasured: how long it is to
    /// wait. Written under the driver's lock; others read it to show it.
    [[nodiscard]] std::int64_t deadline() const noexcept { return deadline_.load(memory_order_relaxed); }
    void set_deadline(std::int64_t ns) noexcept { deadline_.store(ns, memory_order_relaxed); }

    /// A waker that is the driver's while it is set; after that it only says whom it woke. Written by the
    /// task that polls, which may compare it without going to the driver, and by nobody else; under the
    /// driver's lock, for the driver reads it there.
    RawWaker waker{nullptr, nullptr};
    Atomic<TimeDriver*> driver{nullptr}; // while it is set

private:
    Atomic<std::int64_t> deadline_{0};

public:
    // Written before `driver` is cleared (release): who finds it cleared (acquire) may read and destroy.
    Atomic<State> state{State::idle}; // the last one: a Sleep has flags of its own behind it
};

/// A hierarchical timing wheel: six levels of 256 slots, the lowest 131 µs wide, each higher one 256 times
/// wider. Setting and removing a timer is O(1); a timer moves to a lower level at most five times, one of
/// some seconds once. (Each move of one among a million waits for its memory: with 64 slots it was one move
/// more.) Deadlines are kept to the nanosecond: within its slot a timer waits for its own.
///
/// Not thread-safe, but for `size`: see TimeDriver.
class TimerWheel {
public:
    explicit TimerWheel(std::int64_t now) noexcept : tick_(to_tick(now)) {}
    TimerWheel(const TimerWheel&) = delete;
    TimerWheel& operator=(const TimerWheel&) = delete;

    void add(TimerNode& node) noexcept;
    /// Another deadline for a timer that is in it, or among those that are due.
    void move(TimerNode& node, std::int64_t deadline) noexcept {
        node.unlink();
        node.set_deadline(deadline);
        place(node);
    }
    /// A timer that is to wait for a time, counted from some moment between now and the next look at the
    /// clock: so it is not early, and one that is removed before that has cost no look.
    void add_unmeasured(TimerNode& node, Duration wait) noexcept;
    /// A look at the clock: gives all unmeasured timers their deadlines.
    void measure(std::int64_t now) noexcept;
    [[nodiscard]] bool has_unmeasured() const noexcept { return !unmeasured_.empty(); }
    void remove(TimerNode& node) noexcept {
        node.unlink();
        set_size(size() - 1);
    }
    /// Moves every timer whose deadline is `now` or earlier to `due`. They count in `size` until they are
    /// removed from there.
    void advance(std::int64_t now, IntrusiveList<TimerNode>& due) noexcept;
    /// Once all are measured. When to call `advance` next: if it is near, the last deadline that is at most
    /// `slack` after the earliest; or the time at which a slot must be sorted into lower levels. None: no
    /// timer is set.
    [[nodiscard]] std::optional<std::int64_t> next_wakeup(std::int64_t slack = 0) noexcept;
    /// The one member that may be asked without the driver's lock.
    [[nodiscard]] std::size_t size() const noexcept { return size_.load(memory_order_relaxed); }
    /// Moves all timers to `out`.
    void drain(IntrusiveList<TimerNode>& out) noexcept;

private:
    static constexpr int tick_bits = 17;
    static constexpr int slot_bits = 8;
    static constexpr int levels = 6;
    static constexpr std::uint64_t slots = 1u << slot_bits;
    static_assert(tick_bits + levels * slot_bits >= 63, "every deadline has its slot");
    static constexpr std::uint64_t to_tick(std::int64_t ns) noexcept {
        return ns <= 0 ? 0 : static_cast<std::uint64_t>(ns) >> tick_bits;
    }
    struct Slot {
        int level;
        std::uint64_t index;
        std::uint64_t start; // in ticks
    };
    static std::int64_t earliest(IntrusiveList<TimerNode>& timers) noexcept;
    /// The earliest slot with a timer.
    std::optional<Slot> next_slot() noexcept;
    void place(TimerNode& node) noexcept;
    void mark_empty(const Slot& slot) noexcept {
        occupied_[slot.level][slot.index / 64] &= ~(std::uint64_t{1} << (slot.index % 64));
    }

    IntrusiveList<TimerNode> unmeasured_;
    IntrusiveList<TimerNode> wheel_[levels][slots];
    // A bit for each slot; may be stale for one that was emptied by `remove`.
    std::uint64_t occupied_[levels][slots / 64] = {};
    std::uint64_t tick_;
    void set_size(std::size_t size) noexcept { size_.store(size, memory_order_relaxed); }
    Atomic<std::size_t> size_{0};
};

} // namespace rouse::detail
