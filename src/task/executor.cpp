// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/task/executor.hpp"

#include "rouse/base/stop.hpp"
#include "rouse/base/threads.hpp"
#include "rouse/task/cell.hpp"

#include <algorithm>
#include <bit>

namespace rouse::detail {

constinit Atomic<Executor*> executors[executor_places];
constinit Atomic<std::uint16_t> crews[executor_places];

namespace {
constinit ThreadMutex table_mutex;
} // namespace

Executor::Executor() { take_index(); }
Executor::Executor(InCrew, const Executor* first) {
    take_index();
    crew_ = first ? first->crew_ : index_;
    crews[index_].store(crew_, memory_order_relaxed);
}

void Executor::take_index() {
    const std::lock_guard lock(table_mutex);
    for (std::uint32_t i = 1; i < executor_places; ++i) { // 0 stands for none
        if (executors[i].load(memory_order_relaxed)) continue;
        index_ = static_cast<std::uint16_t>(i);
        executors[i].store(this, memory_order_release);
        return;
    }
    stop("too many runtimes at a time");
}

Executor::~Executor() {
    const std::lock_guard lock(table_mutex);
    crews[index_].store(0, memory_order_relaxed);
    executors[index_].store(nullptr, memory_order_release);
}

ROUSE_COLD void Executor::list_with_more_room(Cell& cell) {
    queue.reserve(alive());
    list(cell);
}

void Executor::deliver_in_crew(Cell&) noexcept {}
void Executor::adopt_in_crew(Cell&) {}

void RunQueue::grow(std::size_t tasks) {
    const std::size_t capacity = std::max<std::size_t>(64, std::bit_ceil(tasks));
    auto slots = std::make_unique_for_overwrite<Cell*[]>(capacity);
    const std::size_t count = size();
    for (std::size_t i = 0; i < count; ++i) slots[i] = slots_[(head_ + i) & (capacity_ - 1)];
    slots_ = std::move(slots);
    capacity_ = capacity;
    head_ = 0;
    tail_ = count;
}

} // namespace rouse::detail
