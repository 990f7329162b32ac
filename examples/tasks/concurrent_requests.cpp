// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Many requests at the same time, in one task: all of them, in order; as they come, some at a time; and until
// one fails.

#include <rouse/rouse.hpp>

#include <cstdio>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using Page = std::expected<std::string, std::string>;

/// As long as its number is odd, the slower.
rouse::Task<std::string> fetch(int id) {
    co_await rouse::sleep(id % 2 ? id * 30ms : id * 10ms);
    co_return "page " + std::to_string(id);
}
rouse::Task<Page> fetch_or_fail(int id) {
    std::string page = co_await fetch(id);
    if (id == 4) co_return std::unexpected(page + " does not exist");
    co_return page;
}

/// Milliseconds since `start`.
int since(rouse::Instant start) {
    return static_cast<int>(
        std::chrono::duration_cast<std::chrono::milliseconds>(rouse::now() - start).count());
}

rouse::Task<> all_in_order() {
    const auto start = rouse::now();
    std::vector<rouse::Task<std::string>> fetches;
    for (int id = 1; id <= 6; ++id) fetches.push_back(fetch(id));
    const auto pages = co_await rouse::join_all(std::move(fetches));
    std::printf("all %zu, in order, after %d ms: the first is %s\n", pages.size(), since(start),
                pages[0].c_str());
}

rouse::Task<> three_at_a_time() {
    const auto start = rouse::now();
    rouse::FuturesUnordered<rouse::Task<std::string>> running;
    int next = 1;
    while (next <= 3) running.push(fetch(next++));
    while (auto page = co_await running.next()) {
        std::printf("%s after %d ms, %zu more are running\n", page->c_str(), since(start), running.len());
        if (next <= 6) running.push(fetch(next++));
    }
}

rouse::Task<> until_one_fails() {
    const auto start = rouse::now();
    std::vector<rouse::Task<Page>> fetches;
    for (int id = 1; id <= 6; ++id) fetches.push_back(fetch_or_fail(id));
    const auto pages = co_await rouse::try_join_all(std::move(fetches));
    if (!pages)
        std::printf("%s, after %d ms: the others are cancelled\n", pages.error().c_str(), since(start));
}

rouse::Task<> main_task() {
    rouse::pause_clock(); // so that this takes no time
    co_await all_in_order();
    co_await three_at_a_time();
    co_await until_one_fails();
}

int main() { rouse::run(main_task()); }
