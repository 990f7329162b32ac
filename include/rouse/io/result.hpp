// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/base/config.hpp"
#include "rouse/base/stop.hpp"

#include <cerrno>
#include <expected>
#include <system_error>
#include <utility>

namespace rouse {

/// A value, or why there is none: the system's code, or one of `IoError`.
template <class T = void>
using Result = std::expected<T, std::error_code>;

/// What goes wrong without the system having a code for it.
enum class IoError {
    closed = 1,    ///< The object was closed on our side, by its `close`. Is `std::errc::operation_canceled`.
    runtime_ended, ///< The runtime that the object belongs to has ended. Is `operation_canceled` too.
    unexpected_end, ///< The stream ended before everything was read.
    write_zero,     ///< The stream takes no more bytes.
    too_long,       ///< More came than the limit allows. Is `std::errc::message_size`.
    bad_address,    ///< The text is no socket address. Is `std::errc::invalid_argument`.
};
const std::error_category& io_category() noexcept;
inline std::error_code make_error_code(IoError error) noexcept {
    return std::error_code(static_cast<int>(error), io_category());
}

/// The value; throws `std::system_error` where there is none.
///
/// ```cpp
/// const std::size_t count = rouse::or_throw(co_await stream.read(buffer));
/// ```
template <class T>
T or_throw(Result<T> result) {
    if (!result) {
#if ROUSE_EXCEPTIONS
        throw std::system_error(result.error());
#else
        detail::stop("or_throw of an error: " + result.error().message());
#endif
    }
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

namespace detail {
/// `errno` as the error of a Result.
inline std::unexpected<std::error_code> last_error() noexcept {
    return std::unexpected(std::error_code(errno, std::system_category()));
}
inline std::unexpected<std::error_code> io_error(IoError error) noexcept {
    return std::unexpected(make_error_code(error));
}
/// Of a non-blocking call: there is nothing (no room) now.
inline bool would_block(const std::error_code& error) noexcept {
    return error.category() == std::system_category() &&
           (error.value() == EAGAIN || error.value() == EWOULDBLOCK);
}
} // namespace detail
} // namespace rouse

template <>
struct std::is_error_code_enum<rouse::IoError> : std::true_type {};
