// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <ctime>
#include <string_view>

/// One line on stdout, at once: the reports of the library go to stderr, and both are read together.
template <class... Args>
void say(fmt::format_string<Args...> text, Args&&... args) {
    fmt::print(stdout, text, std::forward<Args>(args)...);
    std::fputc('\n', stdout);
    std::fflush(stdout);
}

/// What one has just seen: a paragraph, broken into lines.
inline void note(std::string_view text) {
    constexpr std::size_t width = 96;
    say("");
    while (!text.empty()) {
        std::size_t end = text.size();
        if (end > width) end = text.rfind(' ', width);
        say("  {}", text.substr(0, end));
        text.remove_prefix(end == text.size() ? end : end + 1);
    }
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
