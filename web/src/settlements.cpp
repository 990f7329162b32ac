// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "settlements.hpp"

#include "rouse/web/scheduler.hpp"

namespace rouse::web::detail {

Settlements& Settlements::all() noexcept {
    static auto* all = new Settlements; // never destroyed, as the module is not
    return *all;
}

std::uint32_t Settlements::take() {
    if (free_ == none) {
        entries_.emplace_back();
        return static_cast<std::uint32_t>(entries_.size() - 1);
    }
    const std::uint32_t place = free_;
    free_ = entries_[place].next_free;
    return place;
}

void Settlements::give_back(std::uint32_t place) noexcept {
    Entry& entry = entries_[place];
    ++entry.generation;
    entry.next_free = std::exchange(free_, place);
    entry.state = State::waiting;
    if (const js::Handle value = std::exchange(entry.value, js::undefined_handle);
        value >= js::first_owned_handle)
        js::detail::sys::rouse_js_drop(value);
    // Last: what the drop of a waker leads to may use the place again.
    const Waker dropped = std::move(entry.waker);
}

namespace {

void settle(std::uint32_t place, std::uint32_t generation, Settlements::State state, js::Handle value) {
    Settlements::Entry* const entry = Settlements::all().find(place, generation);
    if (!entry) {
        if (value >= js::first_owned_handle) js::detail::sys::rouse_js_drop(value);
        return;
    }
    entry->state = state;
    entry->value = value;
    Scheduler& scheduler = Scheduler::here();
    if (scheduler.is_traced() && state != Settlements::State::collected)
        scheduler.trace(state == Settlements::State::resolved ? Event::promise_resolved
                                                              : Event::promise_rejected,
                        entry->task);
    Waker waker = std::move(entry->waker);
    if (state == Settlements::State::collected) {
        const Scheduler::Dropper dropper("the garbage collector: the Promise can never settle");
        waker = Waker();
    } else {
        std::move(waker).wake();
    }
}

} // namespace

/// A Promise that C++ awaits has settled. In a microtask of its own: the task goes on right here.
ROUSE_WEB_EXPORT("settled")
void rouse_web_settled(std::uint32_t place, std::uint32_t generation, std::int32_t resolved,
                       js::Handle value) {
    Scheduler::Turn turn(Scheduler::here(), Scheduler::Turn::From::settlement);
    settle(place, generation, resolved ? Settlements::State::resolved : Settlements::State::rejected, value);
}

/// Both callbacks of the Promise were garbage collected: neither will ever be called.
ROUSE_WEB_EXPORT("collected") void rouse_web_collected(std::uint32_t place, std::uint32_t generation) {
    Scheduler::Turn turn(Scheduler::here(), Scheduler::Turn::From::macrotask);
    settle(place, generation, Settlements::State::collected, js::undefined_handle);
}

} // namespace rouse::web::detail
