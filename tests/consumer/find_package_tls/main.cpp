// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/rouse.hpp>
#include <rouse/tls/stream.hpp>

using rouse::net::UnixStream;

/// A handshake with one who talks no TLS: that needs all of the library, and no certificate.
rouse::Task<bool> is_refused() {
    auto ends = rouse::or_throw(UnixStream::pair());
    auto config = rouse::or_throw(rouse::tls::ClientConfig::make(rouse::tls::ClientOptions()));
    rouse::or_throw(
        co_await rouse::io::write_all(ends.second, rouse::io::bytes("HTTP/1.1 400 Bad Request\r\n\r\n")));
    const auto shaken = co_await rouse::tls::connect(std::move(ends.first), "localhost", config);
    co_return !shaken && shaken.error().category() == rouse::tls::openssl_category();
}

int main() { return rouse::run(is_refused()) ? 0 : 1; }
