// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What tasks.test.mjs calls: lost wakers, the scheduler, timers.
#include "rouse/sync/event.hpp"
#include "rouse/sync/mutex.hpp"
#include "rouse/web/web.hpp"

#include <cstdio>
#include <optional>

namespace {

using rouse::Context;
using rouse::Pending;
using rouse::Poll;
using rouse::Ready;
using rouse::Task;
using rouse::Waker;
namespace js = rouse::js;
namespace web = rouse::web;

rouse::Duration of_ms(double ms) {
    return std::chrono::duration_cast<rouse::Duration>(std::chrono::duration<double, std::milli>(ms));
}

class Forgetful {
public:
    using Output = js::Value;
    Forgetful() noexcept = default;
    Poll<js::Value> poll(Context&) { return Pending; }
};

Task<js::Value> fetch_data_buggy() { co_return co_await Forgetful(); }
ROUSE_EXPORT_ASYNC(fetch_data_buggy)

Task<js::Value> outer_buggy() { co_return co_await fetch_data_buggy(); }
ROUSE_EXPORT_ASYNC(outer_buggy)

Task<std::string> catch_lost() {
    std::string caught = "nothing";
    try {
        co_await fetch_data_buggy();
    } catch (const rouse::LostWaker& lost) {
        caught = lost.report().future_type;
    }
    co_return caught;
}
ROUSE_EXPORT_ASYNC(catch_lost)

/// Keeps its waker where `drop_kept_waker` and `wake_kept_waker` find it.
Waker kept;
bool is_ready = false;
class KeepsWaker {
public:
    using Output = void;
    KeepsWaker() noexcept = default;
    Poll<void> poll(Context& cx) {
        if (is_ready) return Ready();
        kept = cx.waker().clone();
        return Pending;
    }
};
Task<> wait_for_kept() {
    is_ready = false;
    co_await KeepsWaker();
}
ROUSE_EXPORT_ASYNC(wait_for_kept)
void drop_kept_waker() { kept = Waker(); }
ROUSE_EXPORT(drop_kept_waker)
void wake_kept_waker() {
    is_ready = true;
    std::move(kept).wake();
}
ROUSE_EXPORT(wake_kept_waker)

void spawn_and_forget_error() {
    web::spawn_local([]() -> Task<> {
        throw js::Error(js::error("nobody awaits this"));
        co_return;
    }())
        .detach();
}
ROUSE_EXPORT(spawn_and_forget_error)

// ---- the scheduler ----

Task<> note_and_yield(js::Value note, double number, double times) {
    for (int i = 0; i < times; ++i) {
        note.call(number);
        co_await rouse::yield_now();
    }
}
void in_order(js::Value note, double tasks, double times) {
    for (int i = 0; i < tasks; ++i) web::spawn_local(note_and_yield(note, i, times)).detach();
}
ROUSE_EXPORT(in_order)

bool stop_asked = false;
void stop_loops() { stop_asked = true; }
ROUSE_EXPORT(stop_loops)
Task<double> wake_itself_for_ever() {
    stop_asked = false;
    double polls = 0;
    while (!stop_asked) {
        ++polls;
        co_await rouse::yield_now();
    }
    co_return polls;
}
ROUSE_EXPORT_ASYNC(wake_itself_for_ever)
Task<double> await_resolved_for_ever(js::Value promise) {
    stop_asked = false;
    double awaits = 0;
    while (!stop_asked) {
        ++awaits;
        co_await web::JsFuture(promise);
    }
    co_return awaits;
}
ROUSE_EXPORT_ASYNC(await_resolved_for_ever)

Task<> switch_times(int times) {
    for (int i = 0; i < times; ++i) co_await rouse::yield_now();
}
/// So many switches between two tasks.
Task<> switches(double count) {
    auto other = rouse::spawn(switch_times(static_cast<int>(count / 2)));
    co_await switch_times(static_cast<int>(count / 2));
    co_await other;
}
ROUSE_EXPORT_ASYNC(switches)

Task<double> channel_sum(double count) {
    auto [sender, receiver] = rouse::mpsc::channel<double>(16);
    auto producer = rouse::spawn(
        [](auto to, double n) -> Task<> {
            for (int i = 0; i < n; ++i) (void)co_await to.send(i);
        },
        std::move(sender), count);
    double sum = 0;
    for (;;) {
        auto next = co_await receiver.recv();
        if (!next) break;
        sum += *next;
    }
    co_await producer;
    co_return sum;
}
ROUSE_EXPORT_ASYNC(channel_sum)

// ---- timers ----

Task<> sleep_for(double ms) { co_await rouse::sleep(of_ms(ms)); }
ROUSE_EXPORT_ASYNC(sleep_for)

Task<> tick(js::Value note, double count, double ms) {
    auto ticks = rouse::interval(of_ms(ms));
    for (int i = 0; i < count; ++i) {
        co_await ticks.tick();
        note.call(i);
    }
}
ROUSE_EXPORT_ASYNC(tick)

Task<bool> buggy_in_time(double ms) {
    Forgetful buggy;
    auto value = co_await rouse::timeout(of_ms(ms), std::move(buggy));
    co_return value.has_value();
}
ROUSE_EXPORT_ASYNC(buggy_in_time)

// ---- cycles ----

Task<> locks_twice() {
    rouse::Mutex<int> mutex;
    auto guard = co_await mutex.lock();
    auto again = co_await mutex.lock();
}
ROUSE_EXPORT_ASYNC(locks_twice)

/// Two tasks that await each other: how many of them were told.
Task<double> await_each_other() {
    std::optional<rouse::JoinHandle<>> first, second;
    double told = 0;
    const auto waits_for = [&told](std::optional<rouse::JoinHandle<>>& other) -> Task<> {
        try {
            co_await *other;
        } catch (const rouse::LockDeadlock&) {
            ++told;
        }
    };
    rouse::Event ended;
    const auto waits = [&]() -> Task<> { co_await waits_for(second); };
    const auto waits_too = [&]() -> Task<> {
        co_await waits_for(first);
        ended.set();
    };
    first.emplace(rouse::spawn(waits));
    second.emplace(rouse::spawn(waits_too));
    co_await ended.wait();
    co_return told;
}
ROUSE_EXPORT_ASYNC(await_each_other)

void print_line(std::string line) { std::printf("%s\n", line.c_str()); }
ROUSE_EXPORT(print_line)

} // namespace
