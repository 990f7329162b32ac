// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/arrivals.hpp"

#include "rouse/task/executor.hpp"

#include <algorithm>

namespace rouse::detail {
namespace {

// A worker that is asleep is not woken for one task that it only has to let go of.
constexpr std::size_t returns_before_wake = 64;

} // namespace

/// `add` says whether the driver is to wake.
template <class Add>
void Arrivals::announce(Add add) noexcept {
    {
        const std::lock_guard lock(mutex_);
        const bool wakes = add();
        flag_.store(true, memory_order_release); // [I1]
        if (!wakes) return;
        announcing_.enter();
    }
    parker_.unpark();
    announcing_.leave();
}

void Arrivals::add(Cell& cell, Kind kind) noexcept {
    announce([&] {
        items_.emplace_back(&cell, kind);
        return kind != Kind::ended || items_.size() % returns_before_wake == 0;
    });
}

void Arrivals::add_all(const std::vector<Cell*>& woken) noexcept {
    announce([&] {
        for (Cell* cell : woken) items_.emplace_back(cell, Kind::woken);
        return true;
    });
}

bool Arrivals::add_new(Cell& cell, Executor& executor) {
    bool taken = false;
    announce([&] {
        if (closed_) return false;
        cell.belong_to(executor, 0);
        items_.emplace_back(&cell, Kind::fresh);
        return taken = true;
    });
    return taken;
}

void Arrivals::nudge() noexcept {
    announce([] { return true; });
}

void Arrivals::take_woken(std::vector<Cell*>& out) noexcept {
    const std::lock_guard lock(mutex_);
    std::erase_if(items_, [&](const Item& item) {
        if (item.second != Kind::woken || item.first->is_local()) return false;
        out.push_back(item.first);
        return true;
    });
}

bool Arrivals::any_to_poll() noexcept {
    const std::lock_guard lock(mutex_);
    return std::ranges::any_of(items_, [](const Item& item) { return item.second != Kind::ended; });
}

bool Arrivals::close() noexcept {
    const std::lock_guard lock(mutex_);
    return !std::exchange(closed_, true);
}

const std::vector<Arrivals::Item>& Arrivals::take() noexcept {
    flag_.store(false, memory_order_relaxed);
    taken_.clear();
    const std::lock_guard lock(mutex_);
    taken_.swap(items_);
    return taken_;
}

} // namespace rouse::detail
