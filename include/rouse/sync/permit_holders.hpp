// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/base/atomic.hpp"
#include "rouse/core/inspect.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace rouse::detail {

/// Which tasks took permits of a semaphore that are not given back: up to eight, for the reader of a dump.
/// Plain loads and stores: of tasks that take permits at the same time on two threads one may be left out.
class PermitHolders {
public:
    /// The task of this poll takes permits: its id, for `leave`; 0: there is none.
    [[nodiscard]] std::uint64_t take() noexcept;
    /// Another permit of that task.
    void add(std::uint64_t id) noexcept;
    void leave(std::uint64_t id) noexcept {
        if (id) remove(id);
    }
    /// Each of them once, in ascending order.
    [[nodiscard]] std::vector<std::uint64_t> ids() const;
    /// "`what`, held by tasks 3 and 7"; tells `to` of each.
    void describe(std::string what, WaitKind kind, const void* address, Inspector& to) const;

private:
    void remove(std::uint64_t id) noexcept;
    std::array<Atomic<std::uint64_t>, 8> ids_{};
};

} // namespace rouse::detail
