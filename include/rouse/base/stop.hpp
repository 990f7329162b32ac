// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <string_view>

namespace rouse::detail {

/// Ends the program with `rouse: fatal: <what>` on stderr: a precondition was broken and going on would be a
/// guess. A runtime that is being driven on this thread adds the task and the await site (see
/// `set_stop_note`).
[[noreturn]] void stop(std::string_view what) noexcept;

/// A second line for `stop`, made by the thread that stops: which task is running, and where. One for the
/// process; a later layer installs it.
using StopNote = void (*)() noexcept;
void set_stop_note(StopNote note) noexcept;

/// `future` was polled after it had returned Ready.
[[noreturn]] void stop_polled_after_ready(std::string_view future_type) noexcept;

} // namespace rouse::detail
