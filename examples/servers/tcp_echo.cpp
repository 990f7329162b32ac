// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Sends back what it gets. A client that sends and does not read stops its own connection, and costs no more
// than its buffer.

#include "support/server.hpp"

#include <array>

rouse::Task<> echo(rouse::net::TcpStream stream, servers::Connections& connections) {
    const servers::Connections::Listed listed(connections, stream.fd());
    std::array<std::byte, 4096> buffer;
    for (;;) {
        const auto got = co_await stream.read(buffer);
        if (!got || *got == 0) co_return; // reset, or the end
        const auto sent = co_await rouse::io::write_all(stream, rouse::io::ConstBytes(buffer).first(*got));
        if (!sent) co_return;
    }
}

int main(int argc, char** argv) {
    servers::CommandLine line("tcp_echo", "Sends back what it gets, until SIGTERM or SIGINT.",
                              "How long connections may go on after that");
    if (const auto ended = line.parse(argc, argv)) return *ended;
    return servers::run(line.options, echo);
}
