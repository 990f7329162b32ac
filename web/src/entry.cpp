// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What rouse.mjs calls: the turns of the event loop, the end, and the questions of tools.
#include "at_close.hpp"
#include "rouse/web/error.hpp"
#include "rouse/web/export.hpp"
#include "rouse/web/scheduler.hpp"

namespace rouse::web::detail {

constinit void (*at_close)() noexcept = nullptr;

js::Value rejected(js::Value error) {
    Owed owed({});
    js::Value promise = owed.promise();
    owed.reject(std::move(error));
    return promise;
}

/// A turn that was asked for, by its Scheduler::Turn::From.
ROUSE_WEB_EXPORT("turn") void rouse_web_turn(std::int32_t from) {
    const Scheduler::Turn turn(Scheduler::here(), static_cast<Scheduler::Turn::From>(from));
}

ROUSE_WEB_EXPORT("close") void rouse_web_close() {
    const Scheduler::Turn turn(Scheduler::here(), Scheduler::Turn::From::call);
    Scheduler::here().close();
    if (at_close) at_close();
}

ROUSE_WEB_EXPORT("set_policy") void rouse_web_set_policy(std::int32_t report) {
    Scheduler::here().set_policy(report ? HangPolicy::report : HangPolicy::throw_error);
}

#if ROUSE_WEB_TRACE
ROUSE_WEB_EXPORT("set_traced") void rouse_web_set_traced(std::int32_t traced) {
    Scheduler::here().set_traced(traced != 0);
}
#endif

ROUSE_WEB_EXPORT("tasks") void rouse_web_tasks() { Scheduler::here().list_tasks(); }

} // namespace rouse::web::detail
