// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/base/threads.hpp"
#include "rouse/core/hang.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <utility>

namespace rouse::detail {

/// Counts the hangs of each await site.
class HangCounts {
public:
    class Site {
    public:
        Site(SourceLocation where, std::string type, Site* next)
            : where(where), type(std::move(type)), next(next) {}
        SourceLocation where;
        std::string type; // of the future
        Site* next;
        std::uint64_t times = 0;
    };
    HangCounts() = default;
    HangCounts(const HangCounts&) = delete;
    HangCounts& operator=(const HangCounts&) = delete;
    ~HangCounts() { clear(); }

    /// Numbers the report. True: it is to be told, as the first of its site, or the 10th, the 100th, ...
    [[nodiscard]] bool add(HangReport& report);
    [[nodiscard]] const Site* first() const noexcept { return first_; }
    void clear() noexcept {
        while (first_) delete std::exchange(first_, first_->next);
    }

private:
    Site* first_ = nullptr; // they are few, and a report takes much longer than a look at all of them
};

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
    ThreadMutex mutex_;
    Hook hook_;
    HangCounts counts_;
};

} // namespace rouse::detail
