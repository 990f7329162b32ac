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
    unmeasured_.take_all([&](TimerNode& node) {
        node.set_deadline(now - node.deadline());
        place(node);
    });
}

void TimerWheel::place(TimerNode& node) noexcept {
    const std::uint64_t tick = std::max(to_tick(node.deadline()), tick_);
    // The level is that of the highest bit in which the deadline differs from now: below it, the slot's place
    // in time is already decided; and it is never behind that of now.
    const std::uint64_t differ = (tick ^ tick_) | (slots - 1);
    const int level = (63 - std::countl_zero(differ)) / slot_bits;
    const std::uint64_t index = (tick >> (level * slot_bits)) & (slots - 1);
    wheel_[level][index].push_back(node);
    occupied_[level][index / 64] |= std::uint64_t{1} << (index % 64);
}

std::optional<TimerWheel::Slot> TimerWheel::next_slot() noexcept {
    if (size() == 0) return std::nullopt;
    // A timer on a lower level is due before any on a higher one.
    for (int level = 0; level < levels; ++level) {
        const int shift = level * slot_bits;
        const std::uint64_t here = (tick_ >> shift) & (slots - 1);
        std::uint64_t ahead = ~std::uint64_t{0} << (here % 64);
        for (std::uint64_t word = here / 64; word < slots / 64; ++word, ahead = ~std::uint64_t{0}) {
            while (const std::uint64_t bits = occupied_[level][word] & ahead) {
                const std::uint64_t index = word * 64 + static_cast<std::uint64_t>(std::countr_zero(bits));
                const Slot slot{level, index, ((tick_ >> shift) - here + index) << shift};
                if (!wheel_[level][index].empty()) return slot;
                mark_empty(slot);
            }
        }
    }
    return std::nullopt;
}

std::int64_t TimerWheel::earliest(IntrusiveList<TimerNode>& timers) noexcept {
    std::int64_t earliest = INT64_MAX;
    timers.for_each_from_both_ends([&](TimerNode& node) { earliest = std::min(earliest, node.deadline()); });
    return earliest;
}

void TimerWheel::advance(std::int64_t now, IntrusiveList<TimerNode>& due) noexcept {
    const std::uint64_t target = to_tick(now);
    while (const auto slot = next_slot()) {
        if (slot->start > target) break;
        tick_ = std::max(tick_, slot->start);
        IntrusiveList<TimerNode>& timers = wheel_[slot->level][slot->index];
        if (slot->level == 0 && slot->start == target) { // it holds what is due later in this tick, too
            if (earliest(timers) > now) break;
            timers.for_each([&](TimerNode& node) {
                if (node.deadline() > now) return;
                node.unlink();
                due.push_back(node);
            });
            break;
        }
        mark_empty(*slot);
        if (slot->level == 0) {
            due.splice(timers);
        } else { // also what is due: it must not get before what is due earlier in the same slot
            timers.take_all([&](TimerNode& node) { place(node); });
        }
    }
    tick_ = std::max(tick_, target);
}

std::optional<std::int64_t> TimerWheel::next_wakeup(std::int64_t slack) noexcept {
    const auto slot = next_slot();
    if (!slot) return std::nullopt;
    if (slot->level > 0) return static_cast<std::int64_t>(slot->start << tick_bits);
    IntrusiveList<TimerNode>& timers = wheel_[0][slot->index];
    const std::int64_t first = earliest(timers);
    std::int64_t last = first;
    if (slack == 0) return first;
    timers.for_each_from_both_ends([&](TimerNode& node) {
        if (node.deadline() - first <= slack) last = std::max(last, node.deadline());
    });
    return last;
}

void TimerWheel::drain(IntrusiveList<TimerNode>& out) noexcept {
    out.splice(unmeasured_);
    for (auto& level : wheel_)
        for (auto& slot : level) out.splice(slot);
    for (auto& level : occupied_) std::ranges::fill(level, 0);
    set_size(0);
}

} // namespace rouse::detail
