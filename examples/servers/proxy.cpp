// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Hands each connection on to another address, byte for byte. The end of one direction is handed on as well,
// and leaves the other open; a connection that breaks on one side is reset on the other, so that nobody takes
// half an answer for a whole one.

#include "support/server.hpp"

#include <CLI/CLI.hpp>

#include <array>

using rouse::net::TcpStream;

/// Until `from` ends. An error breaks both: the copy in the other direction ends with it.
rouse::Task<> copy(TcpStream& from, TcpStream& to) {
    std::array<std::byte, 16 * 1024> buffer;
    for (;;) {
        const auto got = co_await from.read(buffer);
        if (got && *got == 0) {
            (void)to.shutdown(rouse::net::Shutdown::write); // if that fails, the other direction knows why
            co_return;
        }
        if (got && co_await rouse::io::write_all(to, rouse::io::ConstBytes(buffer).first(*got))) continue;
        for (TcpStream* const stream : {&from, &to}) {
            (void)stream->set_linger(std::chrono::seconds(0));
            stream->close();
        }
        co_return;
    }
}

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
    co_await rouse::join(copy(client, *server), copy(*server, client));
}

int main(int argc, char** argv) {
    servers::CommandLine line(
        "proxy", "Hands each connection on to another address, until SIGTERM or SIGINT.",
        "How long a connection to the target may take, and how long all may go on after that");
    std::string text;
    line.app().add_option("--target", text, "Where to: 127.0.0.1:80, [::1]:80")->required();
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
