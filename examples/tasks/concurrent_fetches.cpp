// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Ten pages, three at a time, each shown as soon as it is there: `buffer_unordered`. One of them fails, which
// is a value like any other; the page that is never there costs its own time only.

#include <rouse/rouse.hpp>

#include <cstdio>
#include <expected>
#include <ranges>
#include <string>

using namespace std::chrono_literals;
namespace stream = rouse::stream;

using Page = std::expected<std::string, std::string>;

/// In the place of a network.
rouse::Task<Page> fetch(int id) {
    if (id == 4) co_await rouse::never();
    co_await rouse::sleep((id % 3 == 0 ? 90ms : 30ms) + id * 1ms);
    if (id == 7) co_return std::unexpected("page 7: not found");
    co_return "page " + std::to_string(id);
}
rouse::Task<Page> fetch_in_time(int id) {
    auto page = co_await rouse::timeout(200ms, fetch(id));
    if (!page) co_return std::unexpected("page " + std::to_string(id) + ": " + page.error().what());
    co_return std::move(*page);
}

rouse::Task<> main_task() {
    rouse::pause_clock(); // so that this takes no time
    const auto start = rouse::now();
    auto pages =
        stream::iter(std::views::iota(1, 11)) | stream::map(fetch_in_time) | stream::buffer_unordered(3);
    while (auto page = co_await stream::next(pages)) {
        const auto at = (rouse::now() - start) / 1ms;
        std::printf("%3d ms: %s\n", static_cast<int>(at), (*page ? **page : page->error()).c_str());
    }
}

int main() { rouse::run(main_task()); }
