// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The way of every await: out to JavaScript, and back. Compiled for speed (web/CMakeLists.txt).
#include "rouse/task/cell.hpp"
#include "rouse/web/error.hpp"
#include "rouse/web/future.hpp"
#include "rouse/web/scheduler.hpp"
#include "settlements.hpp"

#include <memory>

template class rouse::detail::FutureAwaiter<rouse::web::JsFuture>;
template class rouse::detail::FutureAwaiter<rouse::web::JsResult>;

namespace rouse::web {

namespace detail {

/// A Promise that C++ awaits has settled. In a microtask of its own: the task goes on right here.
ROUSE_WEB_EXPORT("settled")
void rouse_web_settled(std::uint32_t place, std::uint32_t generation, std::int32_t resolved,
                       js::Handle value) {
    Scheduler& scheduler = Scheduler::here();
    const Scheduler::Turn turn(scheduler, Scheduler::Turn::From::settlement);
    Settlements::Entry* const entry = Settlements::all().find(place, generation);
    if (!entry) return Settlements::drop(value);
    entry->state = resolved ? Settlements::State::resolved : Settlements::State::rejected;
    entry->value = value;
    if (scheduler.is_traced()) [[unlikely]]
        entry->trace();
    // Looked up again: the trace may have led to anything, even to another use of this place.
    scheduler.wake(Settlements::all().at(place).waker);
}

} // namespace detail

using detail::Settlements;

JsFuture::JsFuture(const js::Value& promise) : place_(Settlements::all().take()) {
    const std::uint32_t generation = Settlements::all().at(place_).generation;
    const js::Reply reply = js::detail::sys::rouse_js_await(promise.handle(), place_, generation);
    if (reply >= 0) [[likely]]
        return;
    // It could not be asked: that is a rejection.
    Settlements::Entry& entry = Settlements::all().at(place_);
    entry.state = Settlements::State::rejected;
    entry.value = static_cast<js::Handle>(~reply);
}

bool JsFuture::poll_ready(Context& cx) {
    if (place_ == none) [[unlikely]]
        rouse::detail::stop_polled_after_ready("JsFuture");
    const Settlements::State state = Settlements::all().at(place_).state;
    if (state == Settlements::State::waiting) return register_waker(cx);
    // Collected: nobody will ever wake. No waker is kept, and the task is lost.
    return state != Settlements::State::collected;
}

bool JsFuture::register_waker(Context& cx) {
    Settlements::Entry& entry = Settlements::all().at(place_);
    // Most are polled first by a task of ours that is running. The rest is out of line.
    if (rouse::detail::TaskState* const task = rouse::detail::task_of(cx.waker());
        task && task == rouse::detail::turn.current && !entry.waker) [[likely]] {
        task->clone_waker();
        std::construct_at(&entry.waker, Waker::from_raw(cx.waker().as_raw())); // over an empty one
    } else {
        Settlements::all().keep(place_, cx.waker());
    }
    if (detail::Scheduler::here().is_traced()) [[unlikely]]
        Settlements::all().at(place_).trace();
    return false;
}

js::Result JsFuture::take_result() {
    const JsFuture ended(std::move(*this));
    Settlements::Entry& entry = Settlements::all().at(ended.place_);
    js::Value value = js::Value::adopt(std::exchange(entry.value, js::undefined_handle));
    if (entry.state == Settlements::State::rejected) return js::Result(std::unexpect, std::move(value));
    return js::Result(std::move(value));
}

js::Value JsFuture::take_ready() {
    if (Settlements::all().at(place_).state == Settlements::State::rejected) [[unlikely]]
        js::throw_error(take_result().error());
    const JsFuture ended(std::move(*this));
    return js::Value::adopt(std::exchange(Settlements::all().at(ended.place_).value, js::undefined_handle));
}

void JsFuture::forget() noexcept { Settlements::all().give_back(place_); }

} // namespace rouse::web
