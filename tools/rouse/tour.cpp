// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tour.hpp"

#include "program.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>

#include <unistd.h>

namespace rouse_cli {
namespace {

constexpr Stop all_stops[] = {
    {"simple", "a coroutine that returns 42, driven by spin_on and by block_on"},
    {"noop_waker", "the same, with a waker and an executor written by hand"},
    {"countdown", "a future that wakes itself until it is through"},
    {"delay", "two delays, one that spins and one with a timer, and what each costs"},
    {"many_tasks", "an executor for many tasks in the user's own code, and the runtime"},
    {"waker_bug", "a future that forgets its waker: an exception here, a silent hang elsewhere"},
    {"three_fixes", "a ready-made future, a waker kept by hand, a channel"},
    {"timeout", "a timeout around a hang fails at once, and says why"},
    {"cascade", "one task hangs, three wait for it: one root cause is named"},
    {"pile_up", "100,000 hung tasks end as errors, and nothing accumulates"},
};

class Style {
public:
    Style() : on_(isatty(STDOUT_FILENO) && !std::getenv("NO_COLOR")) {}
    [[nodiscard]] std::string bold(std::string_view text) const {
        return on_ ? fmt::format("\033[1m{}\033[0m", text) : std::string(text);
    }

private:
    bool on_;
};

/// Where the examples are: beside the build's bin/, or where they are installed to. Nothing when neither is
/// there.
std::optional<std::filesystem::path> find_example(std::string_view name) {
    const std::filesystem::path here = own_path().parent_path();
    for (const char* folder : {"../examples", ROUSE_EXAMPLES_FOLDER}) {
        std::filesystem::path candidate = (here / folder).lexically_normal() / name;
        if (access(candidate.c_str(), X_OK) == 0) return candidate;
    }
    return std::nullopt;
}

} // namespace

std::span<const Stop> stops() { return all_stops; }

const Stop* find_stop(std::string_view name) {
    for (const Stop& stop : all_stops)
        if (stop.name == name) return &stop;
    return nullptr;
}

std::string list_text() {
    std::string text;
    for (const Stop& stop : all_stops) text += fmt::format("  {:<12} {}\n", stop.name, stop.about);
    return text;
}

int run_tour(const std::vector<const Stop*>& chosen) {
    using Clock = std::chrono::steady_clock;
    const auto seconds_since = [](Clock::time_point start) {
        return std::chrono::duration<double>(Clock::now() - start).count();
    };
    const Style style;
    const auto start = Clock::now();
    std::string failed;
    for (std::size_t i = 0; i < chosen.size(); ++i) {
        const Stop& stop = *chosen[i];
        const std::string position = chosen.size() > 1 ? fmt::format("{}/{} ", i + 1, chosen.size()) : "";
        fmt::print("{}\n\n", style.bold(fmt::format("== {}{}: {}", position, stop.name, stop.about)));
        std::fflush(stdout);

        const auto stop_start = Clock::now();
        const auto path = find_example(stop.name);
        const std::string fault =
            path ? run_program(*path) : "it was not built; configure with -DROUSE_BUILD_EXAMPLES=ON";
        if (!fault.empty()) {
            fmt::print(stderr, "\nrouse: {} failed: {}\n", stop.name, fault);
            failed += failed.empty() ? stop.name : fmt::format(", {}", stop.name);
        }
        fmt::print("\n({:.1f} s)\n\n", seconds_since(stop_start));
    }
    if (chosen.size() > 1) fmt::print("{} programs, {:.1f} s\n", chosen.size(), seconds_since(start));
    std::fflush(stdout);
    if (failed.empty()) return 0;
    fmt::print(stderr, "rouse: failed: {}\n", failed);
    return 1;
}

} // namespace rouse_cli
