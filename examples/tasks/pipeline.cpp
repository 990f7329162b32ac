// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Lines become records, records become batches, and batches go through a channel to a task that stores them.
// The channel has room for one batch: while the store is busy nothing is read, so memory stays bounded.

#include <rouse/rouse.hpp>

#include <cstdio>
#include <optional>
#include <string>
#include <vector>

using namespace std::chrono_literals;
namespace stream = rouse::stream;

class Reading {
public:
    Reading(std::string sensor, int value) : sensor(std::move(sensor)), value(value) {}
    std::string sensor;
    int value;
};
using Batch = std::vector<Reading>;

rouse::Generator<std::string> lines() {
    const char* const text[] = {"door=1", "# comment", "roof=17", "roof=18", "cellar=", "roof=19",
                                "door=0", "roof=20",   "roof=21", "door=1",  "roof=22", "roof=20"};
    for (const char* line : text) {
        std::printf("read    %s\n", line);
        co_yield line;
    }
}
std::optional<Reading> parse(const std::string& line) {
    const auto at = line.find('=');
    if (at == std::string::npos || at + 1 == line.size()) return std::nullopt;
    return Reading(line.substr(0, at), std::stoi(line.substr(at + 1)));
}

rouse::Task<int> store(rouse::mpsc::Receiver<Batch> from) {
    auto batches = stream::from(std::move(from)) | stream::enumerate();
    int stored = 0;
    while (auto next = co_await stream::next(batches)) {
        auto& [number, batch] = *next;
        co_await rouse::sleep(10ms);
        for (const Reading& reading : batch)
            std::printf("stored  %s=%d in batch %zu\n", reading.sensor.c_str(), reading.value, number + 1);
        stored += static_cast<int>(batch.size());
    }
    co_return stored;
}

rouse::Task<> main_task() {
    rouse::pause_clock(); // so that this takes no time
    auto [tx, rx] = rouse::mpsc::channel<Batch>(1);
    auto stored = rouse::spawn(store(std::move(rx)));
    auto batches = lines() | stream::filter_map(parse) | stream::chunks(2);
    auto sink = stream::into_sink(std::move(tx));
    auto sent =
        co_await stream::forward(std::move(batches), sink); // closes the sink at its end, and so the channel
    const int count = co_await stored;
    std::printf("%s, %d readings\n", sent ? "all sent" : "the store is gone", count);
}

int main() { rouse::run(main_task()); }
