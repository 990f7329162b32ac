// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "../common/http.h"
#include "rouse_runtime.hpp"
#include "workloads.hpp"

#include <array>
#include <cstring>
#include <string>

namespace compare {
namespace {

using rouse::net::TcpStream;

/// Sends back what comes, with a buffer of 1 KiB for each connection.
Task<> echo(TcpStream stream) {
    std::array<char, 1024> buffer;
    for (;;) {
        const auto got = co_await stream.read(rouse::io::room(buffer));
        if (!got || *got == 0) co_return;
        const auto sent =
            co_await rouse::io::write_all(stream, rouse::io::bytes(std::string_view(buffer.data(), *got)));
        if (!sent) co_return;
    }
}

/// Answers each request alike; those that came together are answered by one write. A buffer of 4 KiB for each
/// connection.
Task<> http(TcpStream stream) {
    std::array<char, http_buffer_size> buffer;
    std::size_t filled = 0;
    std::string answers;
    while (filled < buffer.size()) { // else a request does not fit
        const auto got =
            co_await stream.read(rouse::io::room(std::span(buffer.data() + filled, buffer.size() - filled)));
        if (!got || *got == 0) co_return;
        filled += *got;
        std::size_t end = 0;
        const std::size_t count = http_requests(buffer.data(), filled, &end);
        std::memmove(buffer.data(), buffer.data() + end, filled - end);
        filled -= end;
        if (count == 0) continue;
        answers.clear();
        for (std::size_t i = 0; i < count; ++i) answers.append(http_answer, http_answer_size);
        const auto sent = co_await rouse::io::write_all(stream, rouse::io::bytes(answers));
        if (!sent) co_return;
    }
}

template <auto serve>
Task<> accept() {
    auto listener = rouse::or_throw(
        rouse::net::TcpListener::bind(rouse::or_throw(rouse::net::SocketAddress::parse("127.0.0.1:0"))));
    bench_print_port(rouse::or_throw(listener.local_address()).port());
    for (;;) {
        auto accepted = rouse::or_throw(co_await listener.accept());
        rouse::or_throw(accepted.first.set_nodelay(true));
        rouse::spawn(serve, std::move(accepted.first)).detach();
    }
}

template <auto serve>
int serve_with(unsigned threads) {
    auto runtime = make_runtime(threads);
    const auto root = []() -> Task<> { co_await rouse::spawn(accept<serve>); };
    runtime.block_on(root());
    return 0;
}

constexpr bench_entry entries[] = {
    {"echo", nullptr, serve_with<echo>, most_threads},
    {"http", nullptr, serve_with<http>, most_threads},
};

} // namespace

std::span<const bench_entry> servers() { return entries; }

} // namespace compare
