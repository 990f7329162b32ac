// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// A configuration that changes while the program runs: a watch channel has the latest one, and wakes who
// waits for the next.

#include <rouse/rouse.hpp>

#include <cstdio>

using namespace std::chrono_literals;

class Config {
public:
    explicit Config(int limit) : limit(limit) {}
    int limit;
};

rouse::Task<> serve(rouse::watch::Receiver<Config> config) {
    for (;;) {
        const int limit = config.borrow_and_update()->limit; // not kept across an await
        std::printf("serving at most %d\n", limit);
        const auto changed = co_await config.changed();
        if (!changed) break;
    }
    std::printf("no more changes\n");
}

rouse::Task<> main_task() {
    rouse::pause_clock(); // so that this takes no time
    auto [changes, config] = rouse::watch::channel(Config(10));
    auto server = rouse::spawn(serve, std::move(config));
    co_await rouse::sleep(1s);
    (void)changes.send(Config(20));
    (void)changes.send(Config(30)); // whoever looks now sees this one, and not the one before
    co_await rouse::sleep(1s);
    { auto gone = std::move(changes); }
    co_await server;
}

int main() { rouse::run(main_task()); }
