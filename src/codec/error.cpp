// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/codec/error.hpp"

#include "rouse/base/stop.hpp"

namespace rouse::codec {

FrameError FrameError::too_long(std::uint64_t size, std::uint64_t limit, const char* what) {
    return FrameError(make_error_code(IoError::too_long), std::string(what) + " of " + std::to_string(size) +
                                                              " bytes is over the limit of " +
                                                              std::to_string(limit));
}
FrameError FrameError::truncated(std::uint64_t size, std::uint64_t whole, const char* what) {
    std::string text = std::string("stream ended inside ") + what + ": " + std::to_string(size);
    if (whole != 0) text += " of " + std::to_string(whole);
    return FrameError(make_error_code(IoError::unexpected_end), text + " bytes");
}
FrameError FrameError::bad_message(std::string text) {
    return FrameError(std::make_error_code(std::errc::bad_message), std::move(text));
}
FrameError FrameError::invalid_argument(std::string text) {
    return FrameError(std::make_error_code(std::errc::invalid_argument), std::move(text));
}

} // namespace rouse::codec

namespace rouse::detail {

void throw_frame_error(const codec::FrameError& error) {
#if ROUSE_EXCEPTIONS
    throw std::system_error(error.code(), error.message());
#else
    stop("or_throw of an error: " + error.message());
#endif
}

} // namespace rouse::detail
