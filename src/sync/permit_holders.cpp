// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/sync/permit_holders.hpp"

#include "rouse/sync/wait_list.hpp"

#include <algorithm>

namespace rouse::detail {

std::uint64_t PermitHolders::take() noexcept {
    const std::uint64_t id = current_task_id();
    if (id) add(id);
    return id;
}

void PermitHolders::add(std::uint64_t id) noexcept {
    for (auto& place : ids_) {
        if (place.load(memory_order_relaxed) != 0) continue;
        place.store(id, memory_order_relaxed);
        return;
    }
}

void PermitHolders::remove(std::uint64_t id) noexcept {
    for (auto& place : ids_) {
        if (place.load(memory_order_relaxed) != id) continue;
        place.store(0, memory_order_relaxed);
        return;
    }
}

std::vector<std::uint64_t> PermitHolders::ids() const {
    std::vector<std::uint64_t> ids;
    for (const auto& place : ids_)
        if (const std::uint64_t id = place.load(memory_order_relaxed)) ids.push_back(id);
    std::ranges::sort(ids);
    ids.erase(std::ranges::unique(ids).begin(), ids.end());
    return ids;
}

void PermitHolders::describe(std::string what, WaitKind kind, const void* address, Inspector& to) const {
    const std::vector<std::uint64_t> holders = ids();
    for (std::size_t i = 0; i < holders.size(); ++i) {
        what += i != 0                ? i + 1 == holders.size() ? " and " : ", "
                : holders.size() == 1 ? ", held by task "
                                      : ", held by tasks ";
        what += std::to_string(holders[i]);
    }
    to.waits_for(kind, address, what);
    for (const std::uint64_t id : holders) to.held_by(id);
}

} // namespace rouse::detail
