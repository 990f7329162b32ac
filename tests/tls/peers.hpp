// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <rouse/combine/join.hpp>
#include <rouse/combine/select.hpp>
#include <rouse/net/unix_stream.hpp>
#include <rouse/runtime/runtime.hpp>
#include <rouse/task/yield_now.hpp>
#include <rouse/time/timeout.hpp>
#include <rouse/tls/stream.hpp>

#include "support/quiet_runtime.hpp"
#include "tls/certificates.hpp"

namespace tls_test {

using namespace std::chrono_literals;
using rouse::or_throw;
using rouse::Result;
using rouse::Task;
using rouse::io::bytes;
using rouse::io::room;
using rouse::net::UnixStream;
using rouse::tls::ClientConfig;
using rouse::tls::ClientOptions;
using rouse::tls::Pem;
using rouse::tls::ServerConfig;
using rouse::tls::ServerOptions;
using rouse::tls::TlsError;
using rouse::tls::TlsStream;

/// One for all tests: keys take their time.
inline const Authority& authority() {
    static const Authority one("rouse test authority");
    return one;
}
inline const Identity& localhost() {
    static const Identity one = [] {
        Subject subject("a server");
        subject.alternatives = "DNS:localhost,DNS:*.example.test,IP:127.0.0.1";
        return authority().issue(subject);
    }();
    return one;
}

inline ServerOptions server_options(const Identity& identity = localhost()) {
    ServerOptions options;
    options.certificate = Pem::text(identity.certificate);
    options.key = Pem::text(identity.key);
    return options;
}
inline ServerConfig server_config(const Identity& identity = localhost()) {
    return or_throw(ServerConfig::make(server_options(identity)));
}
inline ClientOptions client_options() {
    ClientOptions options;
    options.trust = Pem::text(authority().certificate());
    return options;
}
inline ClientConfig client_config() { return or_throw(ClientConfig::make(client_options())); }

template <class F>
void run(F main) {
    auto options = rouse_test::quiet_options();
    options.paused_clock = false;
    rouse::run(std::move(main), options);
}

/// What became of both ends of a handshake.
template <class S = UnixStream>
class Shaken {
public:
    Shaken(Result<TlsStream<S>> c, Result<TlsStream<S>> s) : client(std::move(c)), server(std::move(s)) {}
    Result<TlsStream<S>> client;
    Result<TlsStream<S>> server;
    [[nodiscard]] std::error_code client_error() const { return client ? std::error_code() : client.error(); }
    [[nodiscard]] std::error_code server_error() const { return server ? std::error_code() : server.error(); }
};
template <class S>
Task<Shaken<S>> shake(S a, S b, ClientConfig client, ServerConfig server, std::string host) {
    auto both = co_await rouse::join(rouse::tls::connect(std::move(a), host, client),
                                     rouse::tls::accept(std::move(b), server));
    co_return Shaken<S>(std::move(std::get<0>(both)), std::move(std::get<1>(both)));
}
inline Task<Shaken<>> shake(ClientConfig client, ServerConfig server, std::string host = "localhost") {
    auto pair = or_throw(UnixStream::pair());
    co_return co_await shake(std::move(pair.first), std::move(pair.second), std::move(client),
                             std::move(server), std::move(host));
}
/// Two ends that stand.
class Secure {
public:
    explicit Secure(Shaken<> shaken)
        : client(or_throw(std::move(shaken.client))), server(or_throw(std::move(shaken.server))) {}
    TlsStream<UnixStream> client;
    TlsStream<UnixStream> server;
};
inline Task<Secure> secure() { co_return Secure(co_await shake(client_config(), server_config())); }

} // namespace tls_test
