// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Fan-in: several sources, one reader. Many of a kind share a channel; different kinds are arms of a select.

#include <rouse/rouse.hpp>

#include <cstdio>
#include <string>

using namespace std::chrono_literals;
namespace mpsc = rouse::mpsc;

/// A source: one reading every `period`, `count` in all.
rouse::Task<> measure(int sensor, rouse::Duration period, int count, mpsc::Sender<std::string> readings) {
    for (int i = 1; i <= count; ++i) {
        co_await rouse::sleep(period);
        auto sent =
            co_await readings.send("sensor " + std::to_string(sensor) + ", reading " + std::to_string(i));
        if (!sent) co_return; // nobody reads any more
    }
}

/// Prints what comes, and tells when nothing does.
rouse::Task<> read_all(mpsc::Receiver<std::string> readings, mpsc::Receiver<std::string> alarms) {
    bool alarms_open = true;
    for (bool more = true; more;) {
        const auto reading = [](std::optional<std::string> text) {
            if (text) std::printf("%s\n", text->c_str());
            return text.has_value(); // nothing: all sources are gone
        };
        const auto alarm = [&](std::optional<std::string> text) {
            if (text) std::printf("! %s\n", text->c_str());
            alarms_open = text.has_value();
            return true;
        };
        const auto quiet = [] {
            std::printf("(quiet)\n");
            return true;
        };
        // From left to right: an alarm is not to wait for readings.
        more = co_await rouse::select_on_biased(rouse::on(alarms.recv(), alarm).when(alarms_open),
                                                rouse::on(readings.recv(), reading),
                                                rouse::on(rouse::sleep(40ms), quiet));
    }
    std::printf("no source is left\n");
}

rouse::Task<> main_task() {
    rouse::pause_clock(); // so that this takes no time
    auto [readings, from_readings] = mpsc::channel<std::string>(4);
    auto [alarms, from_alarms] = mpsc::channel<std::string>(4);
    rouse::spawn(measure(1, 20ms, 3, readings)).detach();
    rouse::spawn(measure(2, 35ms, 2, readings)).detach();
    rouse::spawn(measure(3, 150ms, 1, std::move(readings))).detach();
    auto ring = [alarm = std::move(alarms)]() -> rouse::Task<> {
        co_await rouse::sleep(50ms);
        (void)co_await alarm.send("door 7 is open");
    };
    rouse::spawn(std::move(ring)).detach();
    co_await read_all(std::move(from_readings), std::move(from_alarms));
}

int main() { rouse::run(main_task()); }
