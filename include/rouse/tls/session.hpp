// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/io/bytes.hpp"
#include "rouse/tls/config.hpp"

#include <memory>
#include <optional>
#include <string>

struct ssl_st;

namespace rouse::detail {

/// One end of a TLS connection, without a connection: bytes of the peer's go in by `input`, bytes for the
/// peer come out of `output`, and nothing waits. One thread at a time.
///
/// Memory: at most one `input` and one record (16 KiB) of what came; of what is to go, one record, the
/// messages of a handshake, and `most_unsent` of what reading made us say: then reading stops.
class TlsSession {
public:
    static constexpr std::size_t longest_record = 16 * 1024;
    static constexpr std::size_t most_unsent = 64 * 1024;

    static Result<std::unique_ptr<TlsSession>> client(const tls::ClientConfig& config,
                                                      const std::string& host);
    static Result<std::unique_ptr<TlsSession>> server(const tls::ServerConfig& config);
    ~TlsSession();
    TlsSession(const TlsSession&) = delete;
    TlsSession& operator=(const TlsSession&) = delete;

    // Once one has failed by the protocol, all fail, with the same error.

    /// False: needs more input.
    Result<bool> handshake();
    /// None: needs more input. 0: the peer has said that no more comes.
    Result<std::optional<std::size_t>> read(io::Bytes room);
    /// How many of `bytes` were taken: some.
    Result<std::size_t> write(io::ConstBytes bytes);
    /// Says that no more comes; once.
    Result<> end();

    void input(io::ConstBytes bytes);
    [[nodiscard]] io::ConstBytes output() const;
    /// The first `count` bytes of `output` are on their way.
    void sent(std::size_t count);

    [[nodiscard]] std::string alpn() const;
    [[nodiscard]] std::string server_name() const;
    [[nodiscard]] std::string version() const;
    [[nodiscard]] std::string peer_name() const;
    [[nodiscard]] ssl_st* native() const noexcept { return ssl_; }

private:
    TlsSession(std::shared_ptr<const TlsContext> context, bool is_client);
    Result<bool> outcome(int returned);

    std::shared_ptr<const TlsContext> context_; // outlives ssl_, which calls back into it
    ssl_st* ssl_;
    std::error_code broken_;
    std::size_t sent_ = 0; // of the bytes in the output
};

} // namespace rouse::detail
