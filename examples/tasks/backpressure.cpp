// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// A channel with room for two: a sender that is faster than its receiver waits for it, and memory stays
// bounded.

#include <rouse/rouse.hpp>

#include <cstdio>

using namespace std::chrono_literals;

rouse::Task<> produce(rouse::mpsc::Sender<int> out, rouse::Instant start) {
    for (int i = 1; i <= 5; ++i) {
        if (!co_await out.send(i)) co_return; // nobody will receive it
        std::printf("%2lld s: sent %d\n", static_cast<long long>((rouse::now() - start) / 1s), i);
    }
}

rouse::Task<> main_task() {
    rouse::pause_clock(); // so that this takes no time
    auto [tx, rx] = rouse::mpsc::channel<int>(2);
    const auto start = rouse::now();
    auto producer = rouse::spawn(produce, std::move(tx), start);
    for (;;) {
        co_await rouse::sleep(10s); // slow
        const auto next = co_await rx.recv();
        if (!next) break;
        std::printf("%2lld s:       received %d\n", static_cast<long long>((rouse::now() - start) / 1s),
                    *next);
    }
    co_await producer;
}

int main() { rouse::run(main_task()); }
