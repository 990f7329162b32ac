// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "settlements.hpp"

#include "rouse/task/cell.hpp"
#include "rouse/web/scheduler.hpp"

#include <new>

namespace rouse::web::detail {

[[clang::no_destroy]] constinit Settlements Settlements::only_;

std::uint32_t Settlements::grow() {
    const std::uint32_t size = size_;
    size_ = size ? 2 * size : 4;
    auto* const entries = static_cast<Entry*>(::operator new(size_ * sizeof(Entry)));
    // The old ones are empty then: nothing to destroy.
    for (std::uint32_t place = 0; place < size; ++place)
        ::new (entries + place) Entry(std::move(entries_[place]));
    ::operator delete(std::exchange(entries_, entries));
    for (std::uint32_t place = size_ - 1;; --place) {
        Entry* const entry = ::new (entries + place) Entry;
        if (place == size) return place;
        entry->next_free = std::exchange(free_, place);
    }
}

void Settlements::drop(Entry& entry) noexcept { const Waker dropped = std::move(entry.waker); }

void Settlements::keep(std::uint32_t place, const Waker& waker) {
    Waker kept = std::move(at(place).waker);
    kept.clone_from(waker); // which may lead to anything: the entry is looked up again
    at(place).waker = std::move(kept);
}

void Settlements::Entry::trace() {
    if (state == State::waiting) {
        const rouse::detail::Cell* const cell = rouse::detail::running_cell();
        task = cell ? static_cast<std::uint32_t>(cell->id()) : 0;
    }
    Scheduler::here().trace(state == State::waiting    ? Event::promise_awaited
                            : state == State::resolved ? Event::promise_resolved
                                                       : Event::promise_rejected,
                            task);
}

/// Both callbacks of the Promise were garbage collected: neither will ever be called.
ROUSE_WEB_EXPORT("collected") void rouse_web_collected(std::uint32_t place, std::uint32_t generation) {
    const Scheduler::Turn turn(Scheduler::here(), Scheduler::Turn::From::macrotask);
    Settlements::Entry* const entry = Settlements::all().find(place, generation);
    if (!entry) return;
    entry->state = Settlements::State::collected;
    const Scheduler::Dropper dropper("the garbage collector: the Promise can never settle");
    entry->waker = Waker();
}

} // namespace rouse::web::detail
