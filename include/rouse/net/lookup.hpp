// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/io/blocking.hpp"
#include "rouse/net/address.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace rouse::net {

/// The errors of `lookup_host`: the EAI_* numbers of getaddrinfo(3), `EAI_NONAME` for a name that nobody
/// knows. `EAI_AGAIN` is `std::errc::resource_unavailable_try_again`, and `EAI_MEMORY` `not_enough_memory`.
const std::error_category& lookup_category() noexcept;

/// The addresses of a host, with `port`, in the order in which they are to be tried; at least one. Asks as
/// the system is set up (files, DNS, ...), by getaddrinfo on the runtime's pool for blocking calls. `host`
/// may be an address in digits. Wake:   once, when the answer is there. Cancel: destroy it; a lookup that has
/// begun goes on alone. Errors: of `lookup_category`; the system's; `IoError::runtime_ended`. Thread: any.
///
/// ```cpp
/// for (const auto& address : rouse::or_throw(co_await rouse::net::lookup_host("localhost", 80)))
///     std::puts(address.to_string().c_str());
/// ```
[[nodiscard]] detail::BlockingOperation<std::vector<SocketAddress>> lookup_host(std::string host,
                                                                                std::uint16_t port);

} // namespace rouse::net
