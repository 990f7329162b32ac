// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <ctime>

/// One line on stdout, at once: the reports of the library go to stderr, and both are read together.
template <class... Args>
void say(fmt::format_string<Args...> text, Args&&... args) {
    fmt::print(stdout, text, std::forward<Args>(args)...);
    std::fputc('\n', stdout);
    std::fflush(stdout);
}

/// What something cost: time on the wall, and time on the CPU (of the whole process). Waiting costs the
/// first, spinning costs both.
class Stopwatch {
public:
    [[nodiscard]] double wall_ms() const {
        const auto passed = std::chrono::steady_clock::now() - wall_;
        return std::chrono::duration<double, std::milli>(passed).count();
    }
    [[nodiscard]] double cpu_ms() const { return cpu_now_ms() - cpu_; }
    [[nodiscard]] double cpu_percent() const { return 100 * cpu_ms() / wall_ms(); }

private:
    static double cpu_now_ms() {
        timespec time{};
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
        return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
    }
    std::chrono::steady_clock::time_point wall_ = std::chrono::steady_clock::now();
    double cpu_ = cpu_now_ms();
};
