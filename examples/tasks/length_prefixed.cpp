// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Messages of any bytes, each with its length before it, over a pipe in memory. The receiver sets a limit,
// and an error says what was wrong with which size.

#include <rouse/rouse.hpp>

#include <cstdio>
#include <string>

using rouse::codec::FramedRead;
using rouse::codec::FramedWrite;
using rouse::codec::LengthDelimitedCodec;
using rouse::io::SimplexReader;
using rouse::io::SimplexWriter;

/// Two bytes of length, the least significant first, and at most 1000 of message.
rouse::codec::LengthDelimitedBuilder protocol() {
    return LengthDelimitedCodec::builder().length_field_length(2).little_endian().max_frame_length(1000);
}

rouse::Task<> receive(const char* name, SimplexReader stream) {
    auto messages = protocol().new_read(std::move(stream));
    while (auto message = co_await messages.next()) {
        if (*message) std::printf("%s: a message of %zu bytes\n", name, (*message)->size());
        else std::printf("%s: %s\n", name, message->error().message().c_str());
    }
    std::printf("%s: the end\n", name);
}

rouse::Task<> well_behaved(SimplexWriter stream) {
    auto messages = protocol().new_write(std::move(stream));
    for (const std::size_t size : {3u, 0u, 1000u}) {
        auto fed = co_await messages.feed(std::string(size, 'x')); // several may go out together
        rouse::or_throw(std::move(fed));
    }
    auto refused = co_await messages.send(std::string(1001, 'x'));
    std::printf("sender: %s\n", refused.error().message().c_str());
    auto closed = co_await messages.close();
    rouse::or_throw(std::move(closed));
}

/// Sends bytes that are no good, and hangs up.
rouse::Task<> sends(SimplexWriter stream, std::string bytes) {
    rouse::or_throw(co_await rouse::io::write_all(stream, rouse::io::bytes(bytes)));
}

rouse::Task<> main_task() {
    auto good = rouse::io::simplex(100); // less than a message: both sides wait for each other
    co_await rouse::join(well_behaved(std::move(good.second)), receive("good", std::move(good.first)));
    auto large = rouse::io::simplex(100);
    co_await rouse::join(sends(std::move(large.second), "\x70\x11 and much more"),
                         receive("large", std::move(large.first)));
    auto broken = rouse::io::simplex(100);
    const std::string head("\x0a\0", 2);
    co_await rouse::join(sends(std::move(broken.second), head + "abc"),
                         receive("broken", std::move(broken.first)));
}

int main() { rouse::run(main_task()); }
