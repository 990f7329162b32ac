// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/io/result.hpp"

#include <string>

namespace rouse {
namespace {

class IoCategory final : public std::error_category {
public:
    const char* name() const noexcept override { return "rouse.io"; }
    std::string message(int code) const override {
        switch (static_cast<IoError>(code)) {
        case IoError::closed:
            return "closed on this side";
        case IoError::runtime_ended:
            return "the runtime has ended";
        case IoError::unexpected_end:
            return "the stream ended before everything was read";
        case IoError::write_zero:
            return "the stream takes no more bytes";
        case IoError::too_long:
            return "more came than the limit allows";
        case IoError::bad_address:
            return "not a socket address";
        }
        return "unknown error " + std::to_string(code);
    }
    std::error_condition default_error_condition(int code) const noexcept override {
        switch (static_cast<IoError>(code)) {
        case IoError::closed:
        case IoError::runtime_ended:
            return std::errc::operation_canceled;
        case IoError::too_long:
            return std::errc::message_size;
        case IoError::bad_address:
            return std::errc::invalid_argument;
        default:
            return std::error_condition(code, *this);
        }
    }
};

} // namespace

const std::error_category& io_category() noexcept {
    static const IoCategory category;
    return category;
}

} // namespace rouse
