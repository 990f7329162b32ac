// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/io/backend.hpp"

#include "rouse/io/driver.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace rouse::detail {
namespace {

std::string why_not_io_uring(std::error_code error) {
    const std::string text = "io_uring: " + error.message();
    switch (error.value()) {
    case ENOTSUP:
        return "io_uring: this rouse was built without it";
    case ENOSYS:
        return text + " (the kernel has none, or a sandbox hides it)";
    case EPERM:
        return text + " (a sandbox, or kernel.io_uring_disabled)";
    case EINVAL:
        return text + " (Linux 6.0 or newer is needed)";
    default:
        return text;
    }
}

} // namespace

io::Backend resolve_backend(io::Backend option) {
    if (option != io::Backend::automatic) return option;
    const char* const value = std::getenv("ROUSE_IO_BACKEND");
    const std::string_view name = value ? value : "";
    if (name == "io_uring") return io::Backend::io_uring;
    if (!name.empty() && name != "epoll")
        std::fprintf(stderr,
                     "rouse: ROUSE_IO_BACKEND=%s is not known: it is epoll or io_uring; epoll is used\n",
                     value);
    return io::Backend::epoll;
}

Result<std::shared_ptr<IoDriver>> make_io_driver(io::Backend backend, std::string& why) {
    if (backend == io::Backend::io_uring) {
        auto driver = make_io_uring_driver();
        if (driver) return driver;
        why = why_not_io_uring(driver.error());
    }
    return make_epoll_driver();
}

#if !ROUSE_HAS_IO_URING
Result<std::shared_ptr<IoDriver>> make_io_uring_driver() {
    return std::unexpected(std::error_code(ENOTSUP, std::system_category()));
}
#endif

} // namespace rouse::detail
