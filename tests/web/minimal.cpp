// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the sizes are measured of: JsFuture, future_to_promise and spawn_local, and nothing else.
#include "rouse/web/export.hpp"
#include "rouse/web/future.hpp"
#include "rouse/web/promise.hpp"

namespace {

rouse::Task<rouse::js::Result> await_value(rouse::js::Value promise) {
    co_return co_await rouse::web::JsFuture(promise).into_result();
}
ROUSE_EXPORT_ASYNC(await_value)

rouse::Task<> wait(rouse::js::Value promise) { (void)co_await rouse::web::JsFuture(promise).into_result(); }
void start(rouse::js::Value promise) { rouse::web::spawn_local(wait(promise)).detach(); }
ROUSE_EXPORT(start)

class Forgetful {
public:
    using Output = void;
    Forgetful() noexcept = default;
    rouse::Poll<void> poll(rouse::Context&) { return rouse::Pending; }
};
rouse::Task<> lose_waker() { co_await Forgetful(); }
ROUSE_EXPORT_ASYNC(lose_waker)

} // namespace
