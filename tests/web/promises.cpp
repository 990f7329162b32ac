// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What promises.test.mjs calls.
#include "rouse/web/web.hpp"

#include <stdexcept>

namespace {

using namespace std::chrono_literals;
using rouse::Task;
namespace js = rouse::js;
namespace web = rouse::web;

Task<js::Value> await_value(js::Value promise) { co_return co_await web::JsFuture(promise); }
ROUSE_EXPORT_ASYNC(await_value)

Task<std::string> await_twice(js::Value first, js::Value second) {
    const js::Value a = co_await first.await();
    const js::Value b = co_await second.await();
    co_return a.to_string() + " " + b.to_string();
}
ROUSE_EXPORT_ASYNC(await_twice)

double add(double a, double b) { return a + b; }
ROUSE_EXPORT(add)

Task<double> add_later(double a, double b, double ms) {
    co_await rouse::sleep(
        std::chrono::duration_cast<rouse::Duration>(std::chrono::duration<double, std::milli>(ms)));
    co_return a + b;
}
ROUSE_EXPORT_ASYNC(add_later)

Task<> throw_runtime_error(js::Value first) {
    co_await web::JsFuture(first);
    throw std::runtime_error("thrown in C++");
}
ROUSE_EXPORT_ASYNC(throw_runtime_error)

Task<std::string> catch_js_error(js::Value promise) {
    std::string caught = "nothing";
    try {
        co_await web::JsFuture(promise);
    } catch (const js::Error& error) {
        caught = error.what();
    }
    co_return caught;
}
ROUSE_EXPORT_ASYNC(catch_js_error)

class Forgetful {
public:
    using Output = js::Value;
    Forgetful() noexcept = default;
    rouse::Poll<js::Value> poll(rouse::Context&) { return rouse::Pending; }
};

Task<js::Value> fetch_data_buggy() { co_return co_await Forgetful(); }
ROUSE_EXPORT_ASYNC(fetch_data_buggy)

Task<js::Value> outer_buggy() { co_return co_await fetch_data_buggy(); }
ROUSE_EXPORT_ASYNC(outer_buggy)

} // namespace
