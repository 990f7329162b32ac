// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstdint>

namespace rouse::io {

/// What one waits for on a descriptor; `|` joins two.
enum class Interest : std::uint8_t {
    readable = 1,
    writable = 2,
    priority = 4, ///< Out-of-band data, or what else the kernel calls an exceptional condition.
};
[[nodiscard]] constexpr Interest operator|(Interest a, Interest b) noexcept {
    return static_cast<Interest>(static_cast<std::uint8_t>(a) | static_cast<std::uint8_t>(b));
}
[[nodiscard]] constexpr bool includes(Interest set, Interest one) noexcept {
    return static_cast<std::uint8_t>(set) & static_cast<std::uint8_t>(one);
}

/// What the kernel last said of a descriptor. A hint: by the time it is used somebody else may have read, so
/// the call that follows must be a non-blocking one.
class Readiness {
public:
    explicit constexpr Readiness(std::uint32_t bits = 0) noexcept : bits_(bits) {}

    static constexpr std::uint32_t readable = 1;
    static constexpr std::uint32_t writable = 2;
    static constexpr std::uint32_t priority = 4;
    static constexpr std::uint32_t read_closed = 8;
    static constexpr std::uint32_t write_closed = 16;
    static constexpr std::uint32_t error = 32;
    static constexpr std::uint32_t mask = 63;

    /// A read would not block: there are bytes, a connection, an error, or the end.
    [[nodiscard]] constexpr bool is_readable() const noexcept { return bits_ & (readable | read_closed); }
    [[nodiscard]] constexpr bool is_writable() const noexcept { return bits_ & (writable | write_closed); }
    [[nodiscard]] constexpr bool is_priority() const noexcept { return bits_ & priority; }
    /// The peer sends no more; what it sent before may still be there.
    [[nodiscard]] constexpr bool is_read_closed() const noexcept { return bits_ & read_closed; }
    /// The peer takes no more.
    [[nodiscard]] constexpr bool is_write_closed() const noexcept { return bits_ & write_closed; }
    [[nodiscard]] constexpr bool is_error() const noexcept { return bits_ & error; }
    [[nodiscard]] constexpr std::uint32_t bits() const noexcept { return bits_; }

    /// The bits of which one is enough for `interest`.
    [[nodiscard]] static constexpr std::uint32_t wanted(Interest interest) noexcept {
        return (includes(interest, Interest::readable) ? readable | read_closed : 0) |
               (includes(interest, Interest::writable) ? writable | write_closed : 0) |
               (includes(interest, Interest::priority) ? priority : 0);
    }

private:
    std::uint32_t bits_;
};

} // namespace rouse::io
