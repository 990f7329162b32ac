// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/io/byte_stream.hpp"
#include "rouse/net/address.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace rouse::detail {

// What the sockets are made of. All descriptors are non-blocking and closed on exec.

/// A socket of `address`'s family.
Result<UniqueFd> open_socket(const net::SocketAddress& address, int type) noexcept;
/// Makes a socket non-blocking, and registers it; closes it if that fails. `what`: see Descriptor.
Result<Descriptor> own_socket(int fd, std::string_view what);
Result<> set_option(int fd, int level, int name, int value) noexcept;
Result<int> option(int fd, int level, int name) noexcept;
Result<net::SocketAddress> local_address(int fd) noexcept;
Result<net::SocketAddress> peer_address(int fd) noexcept;
/// "tcp 127.0.0.1:80" (the peer, or where it listens), for dumps.
std::string describe_socket(int fd);

/// Which directions `shutdown` is to end.
Result<> shutdown_socket(int fd, int how) noexcept;

/// connect(2), to an address: at once, or when the descriptor becomes writable.
class [[nodiscard]] ConnectSocket {
public:
    using Output = Result<Descriptor>;
    explicit ConnectSocket(const net::SocketAddress& to) noexcept : to_(to) {}
    /// Only before the first poll.
    ConnectSocket(ConnectSocket&& other) noexcept : to_(other.to_) {}
    ConnectSocket& operator=(ConnectSocket&&) = delete;
    ~ConnectSocket() {
        if (descriptor_) descriptor_->io().forget(waiter_);
    }

    /// True: `take` gives the result.
    bool poll_ready(Context& cx);
    Output take() noexcept;
    void inspect(Inspector& to) const;

private:
    bool start();
    net::SocketAddress to_;
    std::optional<Descriptor> descriptor_;
    IoWaiter waiter_;
    std::error_code error_;
    bool done_ = false;
};

/// accept(2), as it must be in a server: connections that ended in the queue are passed over; when no
/// descriptor (or no memory) is left it waits with a timer, and tries again: the connections wait in the
/// queue meanwhile.
class [[nodiscard]] AcceptSocket {
public:
    explicit AcceptSocket(const IoRef& io) noexcept;
    /// Only before the first poll.
    AcceptSocket(AcceptSocket&& other) noexcept;
    AcceptSocket& operator=(AcceptSocket&&) = delete;
    ~AcceptSocket();

    bool poll_ready(Context& cx);
    Result<Descriptor> take() noexcept;
    [[nodiscard]] const net::SocketAddress& peer() const noexcept { return peer_; }
    void inspect(Inspector& to) const { io_.inspect(to, io::Interest::readable); }

private:
    class Backoff;
    IoRef io_;
    IoWaiter waiter_;
    Result<UniqueFd> accepted_;
    net::SocketAddress peer_;
    std::unique_ptr<Backoff> backoff_;
    bool done_ = false;
};

} // namespace rouse::detail

namespace rouse::net {

/// The future of a connection: `Result<S>`. Made by `S::connect`.
template <class S>
class [[nodiscard]] Connect {
public:
    using Output = Result<S>;
    explicit Connect(const SocketAddress& to) noexcept : connect_(to) {}
    Poll<Output> poll(Context& cx) { return detail::poll_split(*this, cx); }
    bool poll_ready(Context& cx) { return connect_.poll_ready(cx); }
    Output take_ready() {
        auto descriptor = connect_.take();
        if (!descriptor) return std::unexpected(descriptor.error());
        return S(std::move(*descriptor));
    }
    void inspect(Inspector& to) const { connect_.inspect(to); }

private:
    detail::ConnectSocket connect_;
};

/// The future of an accepted connection and its peer's address: `Result<std::pair<S, SocketAddress>>`. Made
/// by `accept` of a listener.
template <class S>
class [[nodiscard]] Accept {
public:
    using Output = Result<std::pair<S, SocketAddress>>;
    explicit Accept(const detail::IoRef& io) noexcept : accept_(io) {}
    Poll<Output> poll(Context& cx) { return detail::poll_split(*this, cx); }
    bool poll_ready(Context& cx) { return accept_.poll_ready(cx); }
    Output take_ready() {
        auto descriptor = accept_.take();
        if (!descriptor) return std::unexpected(descriptor.error());
        return std::pair<S, SocketAddress>(S(std::move(*descriptor)), accept_.peer());
    }
    void inspect(Inspector& to) const { accept_.inspect(to); }

private:
    detail::AcceptSocket accept_;
};

} // namespace rouse::net
