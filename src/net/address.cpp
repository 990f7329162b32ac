// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/net/address.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <optional>

#include <arpa/inet.h>

namespace rouse::net {
namespace {

constexpr std::size_t path_begin = offsetof(sockaddr_un, sun_path);

template <class T>
std::optional<T> number(std::string_view text) noexcept {
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

/// inet_pton wants a terminated text.
template <std::size_t n>
std::optional<std::array<std::uint8_t, n>> ip_of(int family, std::string_view text) noexcept {
    std::array<char, INET6_ADDRSTRLEN> copy{};
    std::array<std::uint8_t, n> ip;
    if (text.size() >= copy.size()) return std::nullopt;
    std::copy(text.begin(), text.end(), copy.begin());
    if (::inet_pton(family, copy.data(), ip.data()) != 1) return std::nullopt;
    return ip;
}

std::unexpected<std::error_code> bad() noexcept { return detail::io_error(IoError::bad_address); }

} // namespace

SocketAddress::SocketAddress() noexcept : storage_{}, size_(path_begin) { storage_.any.sa_family = AF_UNIX; }

SocketAddress SocketAddress::v4(std::array<std::uint8_t, 4> ip, std::uint16_t port) noexcept {
    SocketAddress address;
    sockaddr_in& v4 = address.storage_.v4;
    address.size_ = sizeof(v4);
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&v4.sin_addr, ip.data(), ip.size());
    return address;
}

SocketAddress SocketAddress::v6(std::array<std::uint8_t, 16> ip, std::uint16_t port,
                                std::uint32_t scope) noexcept {
    SocketAddress address;
    sockaddr_in6& v6 = address.storage_.v6;
    address.size_ = sizeof(v6);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    v6.sin6_scope_id = scope;
    std::memcpy(&v6.sin6_addr, ip.data(), ip.size());
    return address;
}

SocketAddress SocketAddress::loopback(std::uint16_t port) noexcept { return v4({127, 0, 0, 1}, port); }
SocketAddress SocketAddress::loopback_v6(std::uint16_t port) noexcept {
    std::array<std::uint8_t, 16> ip{};
    ip.back() = 1;
    return v6(ip, port);
}
SocketAddress SocketAddress::any(std::uint16_t port) noexcept { return v4({}, port); }
SocketAddress SocketAddress::any_v6(std::uint16_t port) noexcept { return v6({}, port); }

Result<SocketAddress> SocketAddress::unix_path(std::string_view path) noexcept {
    SocketAddress address;
    if (path.empty() || path.size() >= sizeof(sockaddr_un::sun_path) ||
        path.find('\0') != std::string_view::npos)
        return bad();
    std::copy(path.begin(), path.end(), address.storage_.local.sun_path);
    const bool abstract = path.front() == '@';
    if (abstract) address.storage_.local.sun_path[0] = '\0';
    address.size_ = static_cast<socklen_t>(path_begin + path.size() + (abstract ? 0 : 1));
    return address;
}

Result<SocketAddress> SocketAddress::parse(std::string_view text) noexcept {
    if (text.starts_with("unix:")) {
        text.remove_prefix(5);
        return text.empty() ? Result<SocketAddress>(SocketAddress()) : unix_path(text);
    }
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return bad();
    const auto port = number<std::uint16_t>(text.substr(colon + 1));
    std::string_view host = text.substr(0, colon);
    if (!port) return bad();
    if (!host.starts_with('[')) {
        const auto ip = ip_of<4>(AF_INET, host);
        if (!ip) return bad();
        return v4(*ip, *port);
    }
    if (!host.ends_with(']')) return bad();
    host = host.substr(1, host.size() - 2);
    std::uint32_t scope = 0;
    if (const std::size_t percent = host.find('%'); percent != std::string_view::npos) {
        const auto given = number<std::uint32_t>(host.substr(percent + 1));
        if (!given) return bad();
        scope = *given;
        host = host.substr(0, percent);
    }
    const auto ip = ip_of<16>(AF_INET6, host);
    if (!ip) return bad();
    return v6(*ip, *port, scope);
}

std::uint16_t SocketAddress::port() const noexcept {
    if (is_v4()) return ntohs(storage_.v4.sin_port);
    return is_v6() ? ntohs(storage_.v6.sin6_port) : std::uint16_t{0};
}

std::string SocketAddress::ip() const {
    if (is_unix()) return {};
    std::array<char, INET6_ADDRSTRLEN> text{};
    const void* const ip = is_v4() ? static_cast<const void*>(&storage_.v4.sin_addr) : &storage_.v6.sin6_addr;
    ::inet_ntop(family(), ip, text.data(), text.size());
    std::string result(text.data());
    if (is_v6() && storage_.v6.sin6_scope_id) result += "%" + std::to_string(storage_.v6.sin6_scope_id);
    return result;
}

std::string SocketAddress::path() const {
    if (!is_unix() || size_ <= path_begin) return {};
    std::string path(storage_.local.sun_path, size_ - path_begin);
    if (path.front() == '\0') path.front() = '@';
    else path.resize(path.find('\0') == std::string::npos ? path.size() : path.find('\0'));
    return path;
}

std::string SocketAddress::to_string() const {
    if (is_unix()) return "unix:" + path();
    return (is_v4() ? ip() : "[" + ip() + "]") + ":" + std::to_string(port());
}

SocketAddress SocketAddress::from_raw(const sockaddr* address, socklen_t size) noexcept {
    SocketAddress result;
    if (size < static_cast<socklen_t>(sizeof(sa_family_t))) return result; // the peer is unnamed
    result.size_ = std::min(size, static_cast<socklen_t>(sizeof(Storage)));
    std::memcpy(&result.storage_, address, result.size_);
    return result;
}

bool operator==(const SocketAddress& a, const SocketAddress& b) noexcept {
    if (a.family() != b.family()) return false;
    if (a.is_v4())
        return a.storage_.v4.sin_port == b.storage_.v4.sin_port &&
               a.storage_.v4.sin_addr.s_addr == b.storage_.v4.sin_addr.s_addr;
    if (a.is_v6()) // without the flow label
        return a.storage_.v6.sin6_port == b.storage_.v6.sin6_port &&
               a.storage_.v6.sin6_scope_id == b.storage_.v6.sin6_scope_id &&
               std::memcmp(&a.storage_.v6.sin6_addr, &b.storage_.v6.sin6_addr, sizeof(in6_addr)) == 0;
    return a.path() == b.path();
}

} // namespace rouse::net
