// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// A bucket of messages must not go out faster than somebody else can take them: at most one each 100 ms. And
// whoever waits for one longer than that is told so, and goes on waiting.

#include <rouse/rouse.hpp>

#include <cstdio>
#include <string>

using namespace std::chrono_literals;
namespace stream = rouse::stream;

/// Comes in bursts.
rouse::Generator<std::string> messages() {
    for (int burst = 1; burst <= 2; ++burst) {
        for (char letter = 'a'; letter <= 'c'; ++letter) co_yield std::to_string(burst) + letter;
        co_await rouse::sleep(700ms);
    }
}

rouse::Task<> main_task() {
    rouse::pause_clock(); // so that this takes no time
    const auto start = rouse::now();
    auto slow = messages() | stream::throttle(100ms) | stream::timeout(300ms);
    while (auto message = co_await stream::next(slow)) {
        const auto at = (rouse::now() - start) / 1ms;
        if (*message) std::printf("%4d ms: %s\n", static_cast<int>(at), (*message)->c_str());
        else std::printf("%4d ms: nothing for 300 ms\n", static_cast<int>(at));
    }
    std::printf("%4d ms: the end\n", static_cast<int>((rouse::now() - start) / 1ms));
}

int main() { rouse::run(main_task()); }
