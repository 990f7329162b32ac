// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "diag/hang_log.hpp"

#include "diag/print.hpp"
#include "rouse/base/atomic.hpp"
#include "rouse/diag/reports.hpp"

#include <cstdio>

namespace rouse::detail {
namespace {

constinit Atomic<std::uint64_t> last_hang_id{0};

constexpr bool is_power_of_ten(std::uint64_t n) noexcept {
    while (n >= 10 && n % 10 == 0) n /= 10;
    return n == 1;
}

} // namespace

void HangLog::add(HangReport& report) {
    report.id = last_hang_id.fetch_add(1, memory_order_relaxed) + 1;
    const SourceLocation where = report.site();
    std::uint64_t count;
    {
        const std::lock_guard lock(mutex_);
        Count& entry = counts_[Site(where.file_name(), where.line(), report.future_type)];
        entry.where = where;
        count = ++entry.times;
    }
    report.count_at_site = count;
    if (!is_power_of_ten(count)) return;
    if (hook_) return hook_(report);
    if (count == 1) print_report(format_report(report));
}

void HangLog::summarize() noexcept {
    if (hook_) return;
    const std::lock_guard lock(mutex_);
    for (const auto& [site, count] : counts_) {
        if (count.times < 2) continue;
        std::fprintf(stderr, "rouse: the hang at %s happened %llu times; one was printed\n",
                     readable_place(count.where).c_str(), static_cast<unsigned long long>(count.times));
    }
    counts_.clear();
}

} // namespace rouse::detail
