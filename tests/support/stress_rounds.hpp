// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <rouse/base/config.hpp>

#include <chrono>
#include <cstddef>
#include <cstdlib>

namespace rouse_test {

/// How many rounds a stress test makes: `wanted`, a twentieth of it under a sanitizer. With
/// ROUSE_STRESS_SECONDS set it makes `full`, if that is said, and goes on for that long.
class StressRounds {
public:
    explicit StressRounds(std::size_t wanted, std::size_t full = 0) noexcept
        : left_(ROUSE_ASAN || ROUSE_TSAN ? wanted / 20 + 1 : wanted) {
        const char* const seconds = std::getenv("ROUSE_STRESS_SECONDS");
        if (!seconds) return;
        is_long_ = true;
        if (full > left_) left_ = full;
        until_ += std::chrono::seconds(std::atoi(seconds));
    }
    /// It is the long form: what chance must bring about has come about.
    [[nodiscard]] bool is_long() const noexcept { return is_long_; }
    /// Takes up to `batch` rounds; 0 when it is enough.
    std::size_t take(std::size_t batch = 1) noexcept {
        if (left_ == 0) return std::chrono::steady_clock::now() < until_ ? batch : 0;
        const std::size_t taken = batch < left_ ? batch : left_;
        left_ -= taken;
        return taken;
    }

private:
    std::size_t left_;
    bool is_long_ = false;
    std::chrono::steady_clock::time_point until_ = std::chrono::steady_clock::now();
};

/// Where the chances of a test begin: ROUSE_STRESS_SEED, or 1.
inline unsigned stress_seed() noexcept {
    const char* const seed = std::getenv("ROUSE_STRESS_SEED");
    return seed ? static_cast<unsigned>(std::strtoul(seed, nullptr, 10)) : 1;
}

/// `count`, or a tenth of it where every step costs ten times as much.
constexpr std::size_t scaled(std::size_t count) noexcept {
    return ROUSE_ASAN || ROUSE_TSAN ? count / 10 : count;
}

} // namespace rouse_test
