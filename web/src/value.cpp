// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/web/value.hpp"

#include "rouse/web/error.hpp"

namespace rouse::js {

namespace detail {

Value value_of(Reply reply) {
    if (reply < 0) [[unlikely]]
        throw_error(Value::adopt(static_cast<Handle>(~reply)));
    return Value::adopt(static_cast<Handle>(reply));
}
Result result_of(Reply reply) noexcept {
    if (reply < 0) return Result(std::unexpect, Value::adopt(static_cast<Handle>(~reply)));
    return Result(Value::adopt(static_cast<Handle>(reply)));
}

} // namespace detail

Type Value::type() const noexcept { return static_cast<Type>(detail::sys::rouse_js_type(handle_)); }

bool Value::instance_of(const Value& constructor) const {
    return detail::value_of(detail::sys::rouse_js_instance_of(handle_, constructor.handle_)).handle() ==
           true_handle;
}

double Value::to_double() const {
    if (handle_ >= first_number_handle)
        return static_cast<std::int32_t>(handle_) - static_cast<std::int32_t>(zero_handle);
    const double number = detail::sys::rouse_js_to_number(handle_);
    if (number != number) // NaN: what was asked for, or what stands for an error
        if (Value error = Value::adopt(detail::sys::rouse_js_take_error()); !error.is_undefined())
            throw_error(std::move(error));
    return number;
}

std::string Value::to_string() const {
    const Reply size = detail::sys::rouse_js_text(handle_);
    if (size < 0) throw_error(Value::adopt(static_cast<Handle>(~size)));
    std::string text(static_cast<std::size_t>(size), '\0');
    detail::sys::rouse_js_copy_text(text.data());
    return text;
}

std::string Value::to_json() const { return global("JSON").invoke("stringify", *this).to_string(); }

Result Value::try_get(std::string_view key) const {
    return detail::result_of(detail::sys::rouse_js_get(handle_, key.data(), key.size()));
}
Result Value::try_get(std::uint32_t index) const {
    return detail::result_of(detail::sys::rouse_js_get_at(handle_, index));
}
Value Value::get(std::string_view key) const {
    return detail::value_of(detail::sys::rouse_js_get(handle_, key.data(), key.size()));
}
Value Value::get(std::uint32_t index) const {
    return detail::value_of(detail::sys::rouse_js_get_at(handle_, index));
}
Result Value::try_set(std::string_view key, const Value& value) const {
    return detail::result_of(detail::sys::rouse_js_set(handle_, key.data(), key.size(), value.handle_));
}
void Value::set(std::string_view key, const Value& value) const {
    detail::value_of(detail::sys::rouse_js_set(handle_, key.data(), key.size(), value.handle_));
}
void Value::set(std::uint32_t index, const Value& value) const {
    detail::value_of(detail::sys::rouse_js_set_at(handle_, index, value.handle_));
}

Value global(std::string_view name) {
    return detail::value_of(detail::sys::rouse_js_global(name.data(), name.size()));
}

Value parse_json(std::string_view text) { return global("JSON").invoke("parse", text); }

} // namespace rouse::js
