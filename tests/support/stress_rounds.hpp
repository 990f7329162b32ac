// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <rouse/base/config.hpp>

#include <chrono>
#include <cstddef>
#include <cstdlib>

namespace rouse_test {

/// How many rounds a stress test makes: `wanted`, a twentieth of it under a sanitizer. With
/// ROUSE_STRESS_SECONDS set it goes on for that long.
class StressRounds {
public:
    explicit StressRounds(std::size_t wanted) noexcept
        : left_(ROUSE_ASAN || ROUSE_TSAN ? wanted / 20 + 1 : wanted) {
        if (const char* seconds = std::getenv("ROUSE_STRESS_SECONDS"))
            until_ += std::chrono::seconds(std::atoi(seconds));
    }
    /// Takes up to `batch` rounds; 0 when it is enough.
    std::size_t take(std::size_t batch = 1) noexcept {
        if (left_ == 0) return std::chrono::steady_clock::now() < until_ ? batch : 0;
        const std::size_t taken = batch < left_ ? batch : left_;
        left_ -= taken;
        return taken;
    }

private:
    std::size_t left_;
    std::chrono::steady_clock::time_point until_ = std::chrono::steady_clock::now();
};

/// `count`, or a tenth of it where every step costs ten times as much.
constexpr std::size_t scaled(std::size_t count) noexcept {
    return ROUSE_ASAN || ROUSE_TSAN ? count / 10 : count;
}

} // namespace rouse_test
