// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/net/lookup.hpp"

#include "rouse/net/tcp_stream.hpp"
#include "rouse/time/timeout.hpp"

#include <memory>

#include <netdb.h>

namespace rouse::net {
namespace {

class LookupCategory final : public std::error_category {
public:
    const char* name() const noexcept override { return "rouse.lookup"; }
    std::string message(int code) const override { return ::gai_strerror(code); }
    std::error_condition default_error_condition(int code) const noexcept override {
        switch (code) {
        case EAI_AGAIN:
            return std::errc::resource_unavailable_try_again;
        case EAI_MEMORY:
            return std::errc::not_enough_memory;
        default:
            return std::error_condition(code, *this);
        }
    }
};

Result<std::vector<SocketAddress>> look_up(const std::string& host, std::uint16_t port) {
    if (host.find('\0') != std::string::npos) // it would look up what is before that
        return std::unexpected(make_error_code(std::errc::invalid_argument));
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM; // or each address comes once for each kind
    hints.ai_flags = AI_NUMERICSERV;
    addrinfo* list = nullptr;
    const int error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
    if (error == EAI_SYSTEM) return detail::last_error();
    if (error != 0) return std::unexpected(std::error_code(error, lookup_category()));
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(list, &::freeaddrinfo);
    std::vector<SocketAddress> found;
    for (const addrinfo* each = list; each; each = each->ai_next)
        found.push_back(SocketAddress::from_raw(each->ai_addr, each->ai_addrlen));
    return found;
}

} // namespace

const std::error_category& lookup_category() noexcept {
    static const LookupCategory category;
    return category;
}

detail::BlockingOperation<std::vector<SocketAddress>> lookup_host(std::string host, std::uint16_t port) {
    return detail::BlockingOperation<std::vector<SocketAddress>>(
        "lookup_host", [host = std::move(host), port] { return look_up(host, port); });
}

Task<Result<TcpStream>> TcpStream::connect(std::string host, std::uint16_t port) {
    auto found = co_await lookup_host(std::move(host), port);
    if (!found) co_return std::unexpected(found.error());
    std::error_code error(EAI_NONAME, lookup_category());
    for (const SocketAddress& address : *found) {
        auto stream = co_await connect(address);
        if (stream) co_return std::move(*stream);
        error = stream.error();
    }
    co_return std::unexpected(error);
}

Task<Result<TcpStream>> TcpStream::connect(std::string host, std::uint16_t port, Duration patience) {
    auto timed = co_await timeout(patience, connect(std::move(host), port));
    if (!timed) co_return std::unexpected(std::error_code(ETIMEDOUT, std::system_category()));
    co_return std::move(*timed);
}

} // namespace rouse::net
