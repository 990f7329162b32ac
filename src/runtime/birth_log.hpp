// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <vector>

namespace rouse::detail {

/// When tasks were spawned, without a word in each: ids grow with time, so pairs of an id and a time, taken
/// now and then, say it for all that lie between.
class BirthLog {
public:
    using Time = std::chrono::steady_clock::time_point;

    /// All ids up to `last_id` are in use by now.
    void add(std::uint64_t last_id, Time now) {
        if (!pairs_.empty() && now - pairs_.back().when < resolution_) pairs_.back().last_id = last_id;
        if (!pairs_.empty() && pairs_.back().last_id == last_id) return;
        pairs_.push_back(Pair(last_id, now));
        if (pairs_.size() < limit) return;
        // Full: every other one goes, and the next ones come half as often.
        std::size_t kept = 0;
        for (std::size_t i = 0; i < pairs_.size(); i += 2) pairs_[kept++] = pairs_[i];
        pairs_.resize(kept, Pair(0, now));
        resolution_ *= 2;
    }
    /// The age of task `id`: exact to the distance of the pairs, some milliseconds in a young runtime.
    [[nodiscard]] std::chrono::milliseconds age(std::uint64_t id, Time now) const {
        const auto found =
            std::lower_bound(pairs_.begin(), pairs_.end(), id,
                             [](const Pair& pair, std::uint64_t wanted) { return pair.last_id < wanted; });
        if (found == pairs_.end()) return std::chrono::milliseconds(0);
        return std::chrono::duration_cast<std::chrono::milliseconds>(now - found->when);
    }

private:
    class Pair {
    public:
        Pair(std::uint64_t last_id, Time when) noexcept : last_id(last_id), when(when) {}
        std::uint64_t last_id;
        Time when;
    };
    static constexpr std::size_t limit = 4096;
    std::vector<Pair> pairs_;
    std::chrono::nanoseconds resolution_ = std::chrono::milliseconds(1);
};

} // namespace rouse::detail
