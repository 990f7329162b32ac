// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/base/threads.hpp"
#include "rouse/core/hang.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <tuple>

namespace rouse::detail {

/// Tells of each hang once for each await site, and counts the rest: a retry loop around a hang is one report
/// and a count.
class HangLog {
public:
    using Hook = std::function<void(const HangReport&)>;
    explicit HangLog(Hook hook) : hook_(std::move(hook)) {}

    /// Numbers the report; the first of its site, the 10th, the 100th, ... go to the hook, or are printed.
    void add(HangReport& report);
    /// Prints what was counted and not told.
    void summarize() noexcept;

private:
    using Site = std::tuple<std::string, std::uint32_t, std::string>; // file, line, type of the future
    ThreadMutex mutex_;
    Hook hook_;
    struct Count {
        std::uint64_t times = 0;
        SourceLocation where;
    };
    std::map<Site, Count> counts_;
};

} // namespace rouse::detail
