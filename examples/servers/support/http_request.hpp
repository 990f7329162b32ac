// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace servers {

/// The head of an HTTP/1 request: what a server must know to answer it, and to find the next one.
class HttpRequest {
public:
    std::string_view method; ///< These two are parts of the text that was parsed.
    std::string_view target;
    std::uint64_t body = 0;   ///< How many bytes follow the head.
    bool is_1_0 = false;      ///< Else it is 1.1.
    bool keeps_alive = false; ///< The connection may go on after the answer.
    bool wants_continue = false;
};

/// What `parse_http_request` found.
class HttpParsed {
public:
    explicit HttpParsed(int status, std::size_t size = 0) noexcept : status(status), size(size) {}
    int status;       ///< 200: a request; 0: not the whole head yet; else the status that refuses it.
    std::size_t size; ///< Of the head, with the empty line at its end.
};

/// Reads one head off the beginning of `text`, strictly: who is lenient here may see another message than the
/// proxy in front of him does (RFC 9112, section 11).
HttpParsed parse_http_request(std::string_view text, HttpRequest& request) noexcept;

} // namespace servers
