// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "diag/hang_log.hpp"
#include "rouse/base/atomic.hpp"

#include <string_view>

namespace rouse::detail {
namespace {

constinit Atomic<std::uint64_t> last_hang_id{0};

constexpr bool is_power_of_ten(std::uint64_t n) noexcept {
    while (n >= 10 && n % 10 == 0) n /= 10;
    return n == 1;
}

} // namespace

bool HangCounts::add(HangReport& report) {
    report.id = last_hang_id.fetch_add(1, memory_order_relaxed) + 1;
    const SourceLocation where = report.site();
    Site* site = first_;
    while (site && (site->where.line() != where.line() || site->type != report.future_type ||
                    std::string_view(site->where.file_name()) != where.file_name()))
        site = site->next;
    if (!site) site = first_ = new Site(where, report.future_type, first_);
    report.count_at_site = ++site->times;
    return is_power_of_ten(report.count_at_site);
}

} // namespace rouse::detail
