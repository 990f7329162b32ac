// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/web/error.hpp"

#include "rouse/base/config.hpp"
#include "rouse/base/stop.hpp"
#include "rouse/base/text.hpp"
#include "rouse/core/deadlock.hpp"
#include "rouse/task/join_error.hpp"

namespace rouse::js {
namespace {

/// For `what`: String(value), or a word in place of a value that has no text.
std::string text_of(const Value& value) {
    const Reply size = detail::sys::rouse_js_text(value.handle());
    if (size < 0) {
        const Value dropped = Value::adopt(static_cast<Handle>(~size));
        return "a JavaScript value";
    }
    std::string text(static_cast<std::size_t>(size), '\0');
    detail::sys::rouse_js_copy_text(text.data());
    return text;
}

} // namespace

Error::Error(Value value) : value_(std::move(value)), what_(text_of(value_)) {}

void throw_error(Value value) {
#if ROUSE_EXCEPTIONS
    throw Error(std::move(value));
#else
    rouse::detail::Text text("a JavaScript exception, where there are no exceptions (use the try_ form): ");
    text << text_of(value);
    rouse::detail::stop(text.view());
#endif
}

Value error(std::string_view message, std::string_view name) {
    return Value::adopt(
        detail::sys::rouse_js_error(name.data(), name.size(), message.data(), message.size(), nullptr, 0));
}

} // namespace rouse::js

namespace rouse::web::detail {

js::Value error_of(const std::exception_ptr& error) {
#if ROUSE_EXCEPTIONS
    try {
        std::rethrow_exception(error);
    } catch (const js::Error& thrown) {
        return thrown.value();
    } catch (const LostWaker& lost) {
        return lost_error(lost.report());
    } catch (const JoinError& join) {
        return js::error(join.what(), "JoinError");
    } catch (const LockDeadlock& cycle) {
        return js::error(cycle.what(), "LockDeadlock");
    } catch (const std::exception& known) {
        return js::error(known.what());
    } catch (...) {
        return js::error("an exception that is no std::exception");
    }
#else
    (void)error;
    return cancelled_error();
#endif
}

std::string text_of_failure(const std::exception_ptr& error) {
#if ROUSE_EXCEPTIONS
    try {
        std::rethrow_exception(error);
    } catch (const LostWaker&) {
        return {};
    } catch (const JoinError& join) {
        return join.is_lost() ? std::string() : std::string(join.what());
    } catch (const std::exception& known) {
        return known.what();
    } catch (...) {
        return "an exception that is no std::exception";
    }
#else
    return error ? "an exception" : "";
#endif
}

} // namespace rouse::web::detail
