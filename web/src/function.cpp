// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/web/function.hpp"

#include "at_close.hpp"
#include "rouse/base/intrusive_list.hpp"
#include "rouse/web/error.hpp"
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
    web::detail::at_close = [] noexcept {
        while (Closure* const one = closures().pop_front()) delete one;
    };
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

ROUSE_WEB_EXPORT("drop_closure") void rouse_web_drop_closure(void* closure) {
    using web::detail::Scheduler;
    const Scheduler::Turn turn(Scheduler::here(), Scheduler::Turn::From::call);
    auto* const dropped = static_cast<Closure*>(closure);
    dropped->unlink();
    delete dropped;
}

} // namespace rouse::js
