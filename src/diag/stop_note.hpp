// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

namespace rouse::detail {

/// The note of `stop`: the task that this thread is polling, and the awaits that it is in.
void note_task_and_place() noexcept;

} // namespace rouse::detail
