// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

namespace rouse::detail {

class Worker;

/// From now on `signal` asks this worker for its dump (all that watch the same one are asked). The handler
/// is taken for the life of the process; a handler that somebody else installed before is kept, and the
/// worker then has none.
void watch_dump_signal(int signal, Worker& worker) noexcept;
void unwatch_dump_signal(Worker& worker) noexcept;
/// This signal's handler is ours: for the proof of quiescence.
bool is_dump_signal(int signal) noexcept;

} // namespace rouse::detail
