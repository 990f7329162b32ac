// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Hands each connection on to another address, byte for byte. The end of one direction is handed on as well,
// and leaves the other open; a connection that breaks on one side is reset on the other, so that nobody takes
// half an answer for a whole one.

#include "support/server.hpp"

using rouse::net::TcpStream;

rouse::Task<> forward(TcpStream client, servers::Connections& connections, rouse::net::SocketAddress target,
                      rouse::Duration patience) {
    auto server = co_await TcpStream::connect(target, patience);
    if (!server) {
        servers::complain("cannot connect to " + target.to_string() + ": " + server.error().message());
        (void)client.set_linger(std::chrono::seconds(0));
        co_return;
    }
    (void)server->set_nodelay(true);
    const servers::Connections::Listed listed(connections, client.fd());
    constexpr std::size_t size = 16 * 1024;
    if (co_await rouse::io::copy_bidirectional(client, *server, size, size)) co_return;
    // Closed like this, they are reset.
    (void)client.set_linger(std::chrono::seconds(0));
    (void)server->set_linger(std::chrono::seconds(0));
}

int main(int argc, char** argv) {
    servers::CommandLine line(
        "proxy", "Hands each connection on to another address, until SIGTERM or SIGINT.",
        "How long a connection to the target may take, and how long all may go on after that");
    std::string text;
    line.arguments.required("--target", text, "Where to: 127.0.0.1:80, [::1]:80");
    if (const auto ended = line.parse(argc, argv)) return *ended;
    const auto target = rouse::net::SocketAddress::parse(text);
    if (!target || target->is_unix()) {
        servers::complain("proxy: --target: " + text +
                          " is no address, as 127.0.0.1:80 is one; --help says what it takes");
        return 2;
    }
    const rouse::Duration patience = line.options.limit();
    return servers::run(line.options, [&](TcpStream client, servers::Connections& connections) {
        return forward(std::move(client), connections, *target, patience);
    });
}
