// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// A room in which all hear what is said, by a broadcast channel. Who listens too slowly is told how much was
// missed.

#include <rouse/rouse.hpp>

#include <cstdio>
#include <string>

using namespace std::chrono_literals;

using Room = rouse::broadcast::Sender<std::string>;
using Ear = rouse::broadcast::Receiver<std::string>;

rouse::Task<> hears(std::string name, Ear ear, rouse::Duration each) {
    for (;;) {
        auto said = co_await ear.recv();
        if (said) {
            std::printf("%s hears: %s\n", name.c_str(), said->c_str());
            co_await rouse::sleep(each);
        } else if (said.error().is_lagged()) {
            std::printf("%s missed %d\n", name.c_str(), static_cast<int>(said.error().missed()));
        } else {
            co_return; // nobody is left who might say something
        }
    }
}

rouse::Task<> main_task() {
    rouse::pause_clock(); // so that this takes no time
    auto [room, ear] = rouse::broadcast::channel<std::string>(2);
    auto ann = rouse::spawn(hears, std::string("Ann"), room.subscribe(), rouse::Duration(1ms));
    auto bob = rouse::spawn(hears, std::string("Bob"), std::move(ear), rouse::Duration(10s));
    for (const char* text : {"hello", "is anybody there?", "well", "goodbye"}) {
        (void)room.send(text);
        co_await rouse::sleep(1s);
    }
    { Room gone = std::move(room); }
    co_await ann;
    co_await bob;
}

int main() { rouse::run(main_task()); }
