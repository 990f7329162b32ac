// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// A timeout is the usual remedy against hangs. It turns one into a wait, and hides what it was.

#include <rouse/rouse.hpp>

#include "support/buggy_future.hpp"
#include "support/console.hpp"

#include <string>

using namespace std::chrono_literals;

rouse::Task<std::string> fetch_data_buggy(unsigned ms) {
    BuggyFuture future(ms);
    co_return co_await future;
}

rouse::Task<> fetch_within(rouse::Duration limit) {
    const Stopwatch watch;
    try {
        const auto data = co_await rouse::timeout(limit, fetch_data_buggy(2000));
        say("After {:.1f} ms: {}", watch.wall_ms(), data ? data->c_str() : data.error().what());
    } catch (const rouse::LostWaker& lost) {
        say("After {:.1f} ms: {}", watch.wall_ms(), lost.what());
    }
}

int main() {
    say("--- timeout(5 s, fetch_data_buggy(2000))");
    rouse::run(fetch_within(5s));

    say("--- the same where a hang may not throw, with a limit of one second");
    rouse::RuntimeOptions options;
    options.hang_policy = rouse::HangPolicy::report;
    options.on_hang = [](const rouse::HangReport&) {}; // it would be the same report again
    rouse::run(fetch_within(1s), options);

    note(
        "The timer of the timeout keeps the task alive, so the task as a whole is not lost. But every waker of it "
        "is the timer's: none is left that could bring the future forward. That is proof enough to fail now. "
        "Elsewhere one waits for the whole limit, and is told that it was reached.");
}
