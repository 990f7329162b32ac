// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstdint>
#include <utility>

// Part of rouse/sync/mpsc.hpp.

namespace rouse::mpsc {

template <class T>
class Sender;
template <class T>
class UnboundedSender;
template <class T>
class Receiver;
template <class T>
class UnboundedReceiver;

/// Why a value was not sent.
enum class TrySendFault : std::uint8_t {
    full,  ///< There is no room now.
    closed ///< The receiver is closed, or gone.
};
/// What `try_send` gives back.
template <class T>
class TrySendError {
public:
    TrySendError(TrySendFault fault, T value) : fault_(fault), value_(std::move(value)) {}
    [[nodiscard]] TrySendFault fault() const noexcept { return fault_; }
    [[nodiscard]] bool is_full() const noexcept { return fault_ == TrySendFault::full; }
    [[nodiscard]] bool is_closed() const noexcept { return fault_ == TrySendFault::closed; }
    [[nodiscard]] const T& value() const& noexcept { return value_; }
    [[nodiscard]] T into_value() && { return std::move(value_); }

private:
    TrySendFault fault_;
    T value_;
};
/// Why there is no permit.
enum class ReserveError : std::uint8_t { closed };
enum class TryReserveError : std::uint8_t { full, closed };
/// Why `try_recv` has no message.
enum class TryRecvError : std::uint8_t {
    empty,       ///< Not now.
    disconnected ///< And never: no sender is left, or the receiver was closed, and all was received.
};

} // namespace rouse::mpsc
