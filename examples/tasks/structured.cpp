// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// A scope: what runs in it may refer to what lives around it, and is gone when the scope is. The first error
// ends the others, and what was deferred is awaited before it is thrown.

#include <rouse/rouse.hpp>

#include <cstdio>
#include <stdexcept>
#include <string>

using namespace std::chrono_literals;

rouse::Task<> load(std::string& into, std::string what, rouse::Duration takes) {
    co_await rouse::sleep(takes);
    if (what.empty()) throw std::runtime_error("there is nothing to load");
    into = std::move(what);
}

rouse::Task<> close_connection() {
    co_await rouse::sleep(1s); // a destructor could not
    std::printf("the connection is closed\n");
}

rouse::Task<> page(std::string body_text) {
    std::string head, body;
    auto both = [&](rouse::Scope& scope) -> rouse::Task<> {
        scope.defer(close_connection);
        scope.spawn(load(head, "head", 3s));
        scope.spawn(load(body, body_text, 2s));
        co_return;
    };
    try {
        co_await rouse::scope(both);
        std::printf("%s and %s\n", head.c_str(), body.c_str());
    } catch (const std::runtime_error& error) {
        std::printf("no page: %s\n", error.what());
    }
}

rouse::Task<> main_task() {
    rouse::pause_clock(); // so that this takes no time
    const auto start = rouse::now();
    co_await page("body");
    co_await page("");
    std::printf("after %lld s\n", static_cast<long long>((rouse::now() - start) / 1s));
}

int main() { rouse::run(main_task()); }
