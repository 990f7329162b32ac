// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/io/result.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace rouse {

namespace io {

/// What a runtime asks the system with whether descriptors are ready.
enum class Backend : std::uint8_t {
    /// What the environment variable ROUSE_IO_BACKEND says, `epoll` or `io_uring`; epoll if it is not set.
    automatic,
    epoll,
    /// Where it cannot be had (a kernel before 6.0, a sandbox, a rouse built without it) it is epoll.
    io_uring,
};

} // namespace io

namespace detail {

class IoDriver;

/// What is meant by `option` here. A ROUSE_IO_BACKEND that means nothing is told on stderr.
io::Backend resolve_backend(io::Backend option);
/// A driver of `backend`, which is resolved. If it is on epoll instead, `why` says why. Errors: epoll's.
Result<std::shared_ptr<IoDriver>> make_io_driver(io::Backend backend, std::string& why);

} // namespace detail
} // namespace rouse
