// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <rouse/runtime/runtime.hpp>
#include <rouse/task/yield_now.hpp>

#include <string>
#include <utility>
#include <vector>

namespace rouse_test {

/// Yields, and counts: one for each round of the scheduler, while it is spawned. A test that waits for what
/// does not come ends some day.
inline rouse::Task<> count_turns(int& turns) {
    for (const int most = turns + 1'000'000; turns < most;) {
        ++turns;
        co_await rouse::yield_now();
    }
}

/// A paused-clock runtime with a task that counts the turns, and hooks that write down what they are told.
class Scene {
public:
    explicit Scene(rouse::HangPolicy policy = rouse::HangPolicy::throw_error) : Scene(with_policy(policy)) {}
    explicit Scene(rouse::RuntimeOptions options)
        : runtime_(rouse::Runtime::current_thread(hooked(std::move(options)))) {}
    Scene(const Scene&) = delete;
    Scene& operator=(const Scene&) = delete;

    /// Runs `main`, a closure that is a coroutine, while the turns are counted.
    template <class F>
    auto run(F main) {
        auto counter = runtime_.spawn(count_turns(turns_));
        const AbortAtEnd abort(counter.abort_handle());
        return runtime_.block_on(std::move(main));
    }
    [[nodiscard]] rouse::Runtime& runtime() noexcept { return runtime_; }

    /// Rounds of the scheduler so far.
    [[nodiscard]] int turns() const noexcept { return turns_; }
    [[nodiscard]] const std::vector<rouse::HangReport>& hangs() const noexcept { return hangs_; }
    /// The round in which the hook was told of hang `i`.
    [[nodiscard]] int found_at(std::size_t i = 0) const { return found_at_.at(i); }
    [[nodiscard]] const std::vector<rouse::UnhandledReport>& unhandled() const noexcept { return unhandled_; }
    [[nodiscard]] bool is_quiet() const noexcept { return hangs_.empty() && unhandled_.empty(); }

private:
    class AbortAtEnd {
    public:
        explicit AbortAtEnd(rouse::AbortHandle task) noexcept : task_(std::move(task)) {}
        ~AbortAtEnd() { task_.abort(); }
        AbortAtEnd(const AbortAtEnd&) = delete;
        AbortAtEnd& operator=(const AbortAtEnd&) = delete;

    private:
        rouse::AbortHandle task_;
    };
    static rouse::RuntimeOptions with_policy(rouse::HangPolicy policy) {
        rouse::RuntimeOptions options;
        options.hang_policy = policy;
        options.paused_clock = true;
        return options;
    }
    rouse::RuntimeOptions hooked(rouse::RuntimeOptions options) {
        options.on_hang = [this](const rouse::HangReport& report) {
            hangs_.push_back(report);
            found_at_.push_back(turns_);
        };
        options.on_unhandled = [this](const rouse::UnhandledReport& report) { unhandled_.push_back(report); };
        return options;
    }

    int turns_ = 0;
    std::vector<rouse::HangReport> hangs_;
    std::vector<int> found_at_;
    std::vector<rouse::UnhandledReport> unhandled_;
    rouse::Runtime runtime_;
};

/// Lets every other task have `times` turns.
inline rouse::Task<> give_turns(int times) {
    for (int i = 0; i < times; ++i) co_await rouse::yield_now();
}

} // namespace rouse_test
