// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

namespace rouse::detail {

/// Tells the process that made a runtime from its forks: those have one thread, none of them the runtime's,
/// and share its descriptors.
class ProcessMark {
public:
    ProcessMark() noexcept;
    [[nodiscard]] bool is_fork() const noexcept;
    /// Stops the program with a message if it is.
    void refuse_fork() const noexcept;

private:
    unsigned forks_;
};

} // namespace rouse::detail
