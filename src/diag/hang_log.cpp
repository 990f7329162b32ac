// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "diag/hang_log.hpp"

#include "diag/print.hpp"
#include "rouse/diag/reports.hpp"

#include <cstdio>

namespace rouse::detail {

void HangLog::add(HangReport& report) {
    bool tell;
    {
        const std::lock_guard lock(mutex_);
        tell = counts_.add(report);
    }
    if (!tell) return;
    if (hook_) return hook_(report);
    if (report.count_at_site == 1) print_report(format_report(report));
}

void HangLog::summarize() noexcept {
    if (hook_) return;
    const std::lock_guard lock(mutex_);
    for (const HangCounts::Site* site = counts_.first(); site; site = site->next) {
        if (site->times < 2) continue;
        std::fprintf(stderr, "rouse: the hang at %s happened %llu times; one was printed\n",
                     readable_place(site->where).c_str(), static_cast<unsigned long long>(site->times));
    }
    counts_.clear();
}

} // namespace rouse::detail
