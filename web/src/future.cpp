// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/web/future.hpp"

#include "rouse/task/cell.hpp"
#include "rouse/web/error.hpp"
#include "rouse/web/scheduler.hpp"
#include "settlements.hpp"

namespace rouse::web {

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
    Settlements::Entry& entry = Settlements::all().at(place_);
    switch (entry.state) {
    case Settlements::State::waiting:
        break;
    case Settlements::State::collected: // nobody will ever wake: no waker is kept, and the task is lost
        return false;
    case Settlements::State::resolved:
    case Settlements::State::rejected:
        return true;
    }
    entry.waker.clone_from(cx.waker());
    if (detail::Scheduler& scheduler = detail::Scheduler::here(); scheduler.is_traced()) [[unlikely]] {
        const rouse::detail::Cell* const cell = rouse::detail::running_cell();
        entry.task = cell ? static_cast<std::uint32_t>(cell->id()) : 0;
        scheduler.trace(detail::Event::promise_awaited, entry.task);
    }
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
    js::Result result = take_result();
    if (!result) [[unlikely]]
        js::throw_error(std::move(result).error());
    return std::move(*result);
}

void JsFuture::forget() noexcept { Settlements::all().give_back(place_); }

void JsFuture::inspect(Inspector& to) const {
    if (place_ == none) return;
    const bool collected = Settlements::all().at(place_).state == Settlements::State::collected;
    to.waits_for(WaitKind::promise, this,
                 collected ? "a Promise that was garbage collected, and can never settle"
                           : "a JavaScript Promise");
}

} // namespace rouse::web
