// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

namespace rouse::detail {

// Hook point: what the proof of quiescence (runtime) is to know of the handlers of ours (signal).

/// The handler of `signal` is ours from now on, and calls no other.
void claim_signal(int signal) noexcept;
/// One more, or one less, listens to it.
void count_signal_listeners(int signal, int change) noexcept;
/// Ours, and nobody listens: it wakes nobody.
[[nodiscard]] bool is_quiet_signal(int signal) noexcept;

} // namespace rouse::detail
