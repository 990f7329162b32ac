// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/time/wheel.hpp"

#include <algorithm>
#include <bit>

namespace rouse::detail {

void TimerWheel::add(TimerNode& node) noexcept {
    set_size(size() + 1);
    place(node);
}

void TimerWheel::add_unmeasured(TimerNode& node, Duration wait) noexcept {
    node.set_deadline(-wait.count());
    unmeasured_.push_back(node);
    set_size(size() + 1);
}

void TimerWheel::measure(std::int64_t now) noexcept {
    while (TimerNode* node = unmeasured_.pop_front()) {
        node->set_deadline(now - node->deadline());
        place(*node);
    }
}

void TimerWheel::place(TimerNode& node) noexcept {
    const std::uint64_t tick = std::max(to_tick(node.deadline()), tick_);
    // The level is that of the highest bit in which the deadline differs from now: below it, the slot's place
    // in time is already decided.
    const std::uint64_t differ = (tick ^ tick_) | (slots - 1);
    const int level = std::min((63 - std::countl_zero(differ)) / slot_bits, levels - 1);
    std::uint64_t index = (tick >> (level * slot_bits)) & (slots - 1);
    if (level == levels - 1) {
        // Beyond the wheel, 18 years off: the slot just passed comes round last, and places it anew.
        const std::uint64_t here = tick_ >> (level * slot_bits);
        if ((tick >> (level * slot_bits)) - here >= slots) index = (here - 1) & (slots - 1);
    }
    wheel_[level][index].push_back(node);
    occupied_[level] |= std::uint64_t{1} << index;
}

std::optional<TimerWheel::Slot> TimerWheel::next_slot() noexcept {
    if (size() == 0) return std::nullopt;
    // A timer on a lower level is due before any on a higher one.
    for (int level = 0; level < levels; ++level) {
        while (occupied_[level]) {
            const int shift = level * slot_bits;
            const std::uint64_t here = (tick_ >> shift) & (slots - 1);
            const auto ahead = static_cast<std::uint64_t>(
                std::countr_zero(std::rotr(occupied_[level], static_cast<int>(here))));
            const std::uint64_t index = (here + ahead) & (slots - 1);
            if (wheel_[level][index].empty()) {
                occupied_[level] &= ~(std::uint64_t{1} << index);
                continue;
            }
            return Slot{level, index, ((tick_ >> shift) + ahead) << shift};
        }
    }
    return std::nullopt;
}

void TimerWheel::advance(std::int64_t now, IntrusiveList<TimerNode>& due) noexcept {
    const std::uint64_t target = to_tick(now);
    while (const auto slot = next_slot()) {
        if (slot->start > target) break;
        tick_ = std::max(tick_, slot->start);
        IntrusiveList<TimerNode> timers;
        timers.splice(wheel_[slot->level][slot->index]);
        occupied_[slot->level] &= ~(std::uint64_t{1} << slot->index);
        bool waits = false;
        while (TimerNode* node = timers.pop_front()) {
            if (slot->level == 0 && node->deadline() <= now) {
                due.push_back(*node);
            } else { // also what is due: it must not get before what is due earlier in the same slot
                place(*node);
                waits = waits || slot->level == 0;
            }
        }
        if (waits) break; // the slot of `now` itself holds what is due later in this tick
    }
    tick_ = std::max(tick_, target);
}

std::optional<std::int64_t> TimerWheel::next_wakeup() noexcept {
    const auto slot = next_slot();
    if (!slot) return std::nullopt;
    if (slot->level > 0) return static_cast<std::int64_t>(slot->start << tick_bits);
    std::int64_t earliest = INT64_MAX;
    wheel_[0][slot->index].for_each([&](TimerNode& node) { earliest = std::min(earliest, node.deadline()); });
    return earliest;
}

void TimerWheel::drain(IntrusiveList<TimerNode>& out) noexcept {
    out.splice(unmeasured_);
    for (auto& level : wheel_)
        for (auto& slot : level) out.splice(slot);
    std::fill(std::begin(occupied_), std::end(occupied_), 0);
    set_size(0);
}

} // namespace rouse::detail
