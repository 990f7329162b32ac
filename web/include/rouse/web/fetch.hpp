// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/task/task.hpp"
#include "rouse/web/future.hpp"

#include <string>

namespace rouse::web {

/// The Response of a `fetch`.
class Response {
public:
    explicit Response(js::Value response) noexcept : response_(std::move(response)) {}
    [[nodiscard]] bool ok() const { return response_.get("ok").truthy(); }
    [[nodiscard]] int status() const { return static_cast<int>(response_.get("status").to_double()); }
    [[nodiscard]] std::string header(std::string_view name) const;
    /// The body; once.
    [[nodiscard]] Task<std::string> text() const;
    [[nodiscard]] Task<js::Value> json() const;
    [[nodiscard]] const js::Value& value() const noexcept { return response_; }

private:
    js::Value response_;
};

/// `fetch(url, options)`. Throws `js::Error` as the Promise of it is rejected.
/// Cancel: destroy it; the request is aborted.
[[nodiscard]] Task<Response> fetch(std::string url, js::Value options = js::Value());

} // namespace rouse::web
