// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What promises.test.mjs calls: values and Promises in both directions.
#include "rouse/combine/futures_unordered.hpp"
#include "rouse/combine/join.hpp"
#include "rouse/web/web.hpp"

#include <stdexcept>
#include <utility>
#include <vector>

namespace {

using rouse::Task;
namespace js = rouse::js;
namespace web = rouse::web;

// Moved: a Promise that the frame still held would not be collected.
Task<js::Value> await_value(js::Value promise) { co_return co_await web::JsFuture(std::move(promise)); }
ROUSE_EXPORT_ASYNC(await_value)

Task<std::string> await_twice(js::Value first, js::Value second) {
    const js::Value a = co_await first.await();
    const js::Value b = co_await second.await();
    co_return a.to_string() + " " + b.to_string();
}
ROUSE_EXPORT_ASYNC(await_twice)

Task<double> await_times(double count, js::Value promise) {
    double sum = 0;
    for (int i = 0; i < count; ++i) {
        const js::Value value = co_await web::JsFuture(promise);
        sum += value.to_double();
    }
    co_return sum;
}
ROUSE_EXPORT_ASYNC(await_times)

Task<js::Result> await_result(js::Value promise) {
    js::Result result = co_await web::JsFuture(promise).into_result();
    co_return result;
}
ROUSE_EXPORT_ASYNC(await_result)

double add(double a, double b) { return a + b; }
ROUSE_EXPORT(add)

Task<> throw_after(js::Value first) {
    co_await web::JsFuture(first);
    throw std::runtime_error("thrown in C++");
}
ROUSE_EXPORT_ASYNC(throw_after)

Task<> throw_at_once() {
    throw std::logic_error("thrown before any await");
    co_return;
}
ROUSE_EXPORT_ASYNC(throw_at_once)

Task<> throw_int() {
    throw 7;
    co_return;
}
ROUSE_EXPORT_ASYNC(throw_int)

void throw_at_call() { throw std::runtime_error("thrown to the caller"); }
ROUSE_EXPORT(throw_at_call)

Task<> throw_value(js::Value value) {
    throw js::Error(value);
    co_return;
}
ROUSE_EXPORT_ASYNC(throw_value)

Task<std::string> catch_rejection(js::Value promise) {
    std::string caught = "nothing";
    try {
        co_await web::JsFuture(promise);
    } catch (const js::Error& error) {
        caught = error.what();
    }
    co_return caught;
}
ROUSE_EXPORT_ASYNC(catch_rejection)

Task<std::string> first_of(js::Value promise, double ms) {
    const auto wait =
        std::chrono::duration_cast<rouse::Duration>(std::chrono::duration<double, std::milli>(ms));
    web::JsFuture future(promise);
    auto value = co_await rouse::timeout(wait, std::move(future));
    co_return value ? value->to_string() : "timed out";
}
ROUSE_EXPORT_ASYNC(first_of)

void drop_future(js::Value promise) { const web::JsFuture dropped(promise); }
ROUSE_EXPORT(drop_future)

/// So many at a time.
void drop_futures(js::Value promise, double count) {
    std::vector<web::JsFuture> all;
    for (int i = 0; i < count; ++i) all.emplace_back(promise);
}
ROUSE_EXPORT(drop_futures)

/// In one turn.
Task<js::Value> drop_and_await(js::Value dropped, js::Value wanted) {
    { const web::JsFuture first(dropped); }
    co_return co_await web::JsFuture(wanted);
}
ROUSE_EXPORT_ASYNC(drop_and_await)

Task<std::string> join_both(js::Value first, js::Value second) {
    web::JsFuture a(first);
    web::JsFuture b(second);
    auto [one, two] = co_await rouse::join(std::move(a), std::move(b));
    co_return one.to_string() + " " + two.to_string();
}
ROUSE_EXPORT_ASYNC(join_both)

/// In the order in which they settle: each has a waker of its own.
Task<std::string> as_they_settle(js::Value list) {
    rouse::FuturesUnordered<web::JsFuture> all;
    for (std::uint32_t i = 0; i < list.length(); ++i) all.push(web::JsFuture(list.get(i)));
    std::string text;
    for (;;) {
        auto next = co_await all.next();
        if (!next) break;
        text += next->to_string();
    }
    co_return text;
}
ROUSE_EXPORT_ASYNC(as_they_settle)

Task<std::string> abort_inner(js::Value promise) {
    auto inner = rouse::spawn(await_value(promise));
    co_await rouse::yield_now();
    inner.abort();
    auto result = co_await std::move(inner).into_result();
    co_return result ? "it ended" : result.error().what();
}
ROUSE_EXPORT_ASYNC(abort_inner)

// ---- values ----

std::string describe(js::Value value) {
    static constexpr const char* names[] = {"undefined", "null",   "boolean",  "number", "string",
                                            "symbol",    "bigint", "function", "object"};
    return names[static_cast<int>(value.type())];
}
ROUSE_EXPORT(describe)

js::Value kept;
js::Value hold(js::Value value) { return std::exchange(kept, value); }
ROUSE_EXPORT(hold)

js::Value make_object() {
    js::Value object = js::object();
    object.set("text", "wéb ✓");
    object.set("number", 1.5);
    object.set("flag", true);
    object.set("nothing", nullptr);
    object.set("list", js::array(1, "two", js::object()));
    return object;
}
ROUSE_EXPORT(make_object)

std::string json_again(std::string text) { return js::parse_json(text).to_json(); }
ROUSE_EXPORT(json_again)

js::Value call_with(js::Value function, js::Value argument) { return function.call(argument, 2); }
ROUSE_EXPORT(call_with)

std::string error_of_call(js::Value function) {
    const js::Result result = function.try_call();
    return result ? "none" : result.error().get("message").to_string();
}
ROUSE_EXPORT(error_of_call)

js::Value make_date(double ms) { return js::global("Date").construct(ms).invoke("toISOString"); }
ROUSE_EXPORT(make_date)

js::Value make_counter() {
    return js::function([count = 0](const js::Value& arguments) mutable {
        if (arguments.length() == 0) throw std::runtime_error("how many?");
        count += static_cast<int>(arguments.get(0).to_double());
        return js::Value(count);
    });
}
ROUSE_EXPORT(make_counter)

Task<std::string> fetch_text(std::string url) {
    const web::Response response = co_await web::fetch(url);
    const std::string text = co_await response.text();
    co_return std::to_string(response.status()) + " " + text;
}
ROUSE_EXPORT_ASYNC(fetch_text)

// ---- ends ----

void trap() { __builtin_trap(); }
ROUSE_EXPORT(trap)

Task<> poll_after_ready(js::Value promise) {
    web::JsFuture future(promise);
    co_await future;
    co_await future;
}
ROUSE_EXPORT_ASYNC(poll_after_ready)

} // namespace
