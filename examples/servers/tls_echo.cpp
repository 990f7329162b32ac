// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Sends back what it gets, by TLS. Try it with: openssl s_client -connect ADDRESS -CAfile FILE

#include <rouse/tls/stream.hpp>

#include "support/server.hpp"

#include <array>

using rouse::net::TcpStream;

rouse::Task<> echo(TcpStream tcp, servers::Connections& connections, const rouse::tls::ServerConfig& config,
                   rouse::Duration patience) {
    const std::string peer = tcp.peer_address().value_or(rouse::net::SocketAddress()).to_string();
    // In this task, not in the one that accepts: a client that says nothing holds up nobody else.
    auto shaken = co_await rouse::timeout(patience, rouse::tls::accept(std::move(tcp), config));
    if (!shaken || !*shaken) {
        servers::complain(peer + ": " + (shaken ? shaken->error().message() : shaken.error().what()));
        co_return;
    }
    auto& stream = **shaken;
    const servers::Connections::Listed listed(connections, stream.inner().fd());
    std::array<std::byte, 4096> buffer;
    for (;;) {
        const auto got = co_await stream.read(buffer);
        if (got && *got == 0) break;
        if (!got || !co_await rouse::io::write_all(stream, rouse::io::ConstBytes(buffer).first(*got)) ||
            !co_await rouse::io::flush(stream)) {
            // When we are to stop, the end of the connection is our own doing.
            if (!got && !connections.is_stopping()) servers::complain(peer + ": " + got.error().message());
            break;
        }
    }
    (void)co_await rouse::timeout(patience, rouse::io::shutdown(stream));
}

int main(int argc, char** argv) {
    servers::CommandLine line("tls_echo", "Sends back what it gets by TLS, until SIGTERM or SIGINT.",
                              "How long a handshake may take, and connections may go on after that");
    std::string certificate;
    std::string key;
    line.arguments.required("--certificate", certificate, "A PEM file: the certificate, and its chain");
    line.arguments.required("--key", key, "A PEM file: its key");
    if (const auto ended = line.parse(argc, argv)) return *ended;

    rouse::tls::ServerOptions options;
    options.certificate = rouse::tls::Pem::file(certificate);
    options.key = rouse::tls::Pem::file(key);
    const auto config = rouse::tls::ServerConfig::make(options);
    if (!config) {
        servers::complain("cannot use " + certificate + " with " + key + ": " + config.error().message());
        return 1;
    }
    const rouse::Duration patience = line.options.limit();
    return servers::run(line.options, [&](TcpStream tcp, servers::Connections& connections) {
        return echo(std::move(tcp), connections, *config, patience);
    });
}
