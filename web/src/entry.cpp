// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What rouse.mjs calls: the turns of the event loop, closures, the end, and the questions of tools.
#include "rouse/base/intrusive_list.hpp"
#include "rouse/web/error.hpp"
#include "rouse/web/export.hpp"
#include "rouse/web/function.hpp"
#include "rouse/web/scheduler.hpp"

namespace rouse::js {
namespace {

class Closure : public rouse::detail::ListLink<> {
public:
    explicit Closure(std::function<Value(const Value&)> fn) : fn(std::move(fn)) {}
    std::function<Value(const Value&)> fn;
};

rouse::detail::IntrusiveList<Closure>& closures() {
    static auto* all = new rouse::detail::IntrusiveList<Closure>;
    return *all;
}

} // namespace

Value function(std::function<Value(const Value&)> fn) {
    auto* const closure = new Closure(std::move(fn));
    closures().push_back(*closure);
    return Value::adopt(detail::sys::rouse_js_function(closure));
}

ROUSE_WEB_EXPORT("call") Reply rouse_web_call(void* closure, Handle handle) {
    using web::detail::Scheduler;
    const Scheduler::Turn turn(Scheduler::here(), Scheduler::Turn::From::call);
    const Value arguments = Value::adopt(handle);
    auto& fn = static_cast<Closure*>(closure)->fn;
#if ROUSE_EXCEPTIONS
    try {
        return static_cast<Reply>(fn(arguments).release());
    } catch (...) {
        return ~static_cast<Reply>(web::detail::error_of(std::current_exception()).release());
    }
#else
    return static_cast<Reply>(fn(arguments).release());
#endif
}

ROUSE_WEB_EXPORT("drop_closure") void rouse_web_drop_closure(Closure* closure) {
    using web::detail::Scheduler;
    const Scheduler::Turn turn(Scheduler::here(), Scheduler::Turn::From::call);
    closure->unlink();
    delete closure;
}

} // namespace rouse::js

namespace rouse::web::detail {

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
    while (js::Closure* const closure = js::closures().pop_front()) delete closure;
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
