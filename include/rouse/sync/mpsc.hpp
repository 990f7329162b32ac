// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/core/future.hpp"
#include "rouse/sync/mpsc_channel.hpp"
#include "rouse/sync/mpsc_errors.hpp"
#include "rouse/sync/mpsc_handles.hpp"
#include "rouse/sync/mpsc_receiver.hpp"
#include "rouse/sync/mpsc_sender.hpp"

#include <expected>
#include <optional>
#include <string_view>
#include <utility>

/// Many producers, one consumer: `auto [tx, rx] = rouse::mpsc::channel<int>(100);`
///
/// Order:   first in, first out; the messages of one sender in the order of its sends.
/// Fairness: senders that wait for room get it in the order in which they came; none overtakes them.
/// Memory:  what was done before a message was sent happens before what is done after it was received; for a
///          sender that waited for room, what the receiver did before it made that room too.
/// Cancel:  a `send` that is destroyed before it is ready has sent nothing; its value goes with it
///          (`reserve` keeps it). A `recv` that is destroyed has taken nothing.
namespace rouse::mpsc {

/// A channel with room for `capacity` messages (1 to 268,435,455): who sends more waits. `name` is for the
/// reader of a dump; it is not copied.
template <class T>
[[nodiscard]] std::pair<Sender<T>, Receiver<T>> channel(std::size_t capacity, std::string_view name = {}) {
    if (capacity == 0) ::rouse::detail::stop("mpsc::channel: room for no message at all");
    auto* shared = new ::rouse::detail::MpscChannel<T>(capacity, true, name);
    return {Sender<T>(shared), Receiver<T>(shared)};
}

/// A channel with as much room as there is memory: sending never waits. Whoever sends faster than the
/// receiver receives fills the memory.
template <class T>
[[nodiscard]] std::pair<UnboundedSender<T>, UnboundedReceiver<T>>
unbounded_channel(std::string_view name = {}) {
    auto* shared = new ::rouse::detail::MpscChannel<T>(0, false, name);
    return {UnboundedSender<T>(shared), UnboundedReceiver<T>(shared)};
}

} // namespace rouse::mpsc
