// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/io/descriptor.hpp"

#include "rouse/io/async_fd.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace rouse {
namespace detail {

UniqueFd::~UniqueFd() {
    if (fd_ >= 0) ::close(fd_); // never again after EINTR: on Linux the number is free by then
}

Result<Descriptor> Descriptor::own(UniqueFd fd, std::uint32_t ready, DescribeFd describe,
                                   std::string_view what) {
    auto registration = Registration::add(fd.get(), ready, describe, what);
    if (!registration) return std::unexpected(registration.error());
    return Descriptor(std::move(fd), std::move(*registration));
}

Result<Descriptor> Descriptor::borrow(int fd, std::uint32_t ready, DescribeFd describe,
                                      std::string_view what) {
    auto registration = Registration::add(fd, ready, describe, what);
    if (!registration) return std::unexpected(registration.error());
    return Descriptor(UniqueFd(), std::move(*registration));
}

bool Descriptor::close() noexcept {
    if (!registration_.close()) return false;
    if (owned_.get() < 0) return true;
    // A file on which every call fails with EBADF takes the place, in one step.
    if (const UniqueFd dead(::open("/", O_PATH | O_CLOEXEC)); dead.get() >= 0) {
        ::dup3(dead.get(), owned_.get(), O_CLOEXEC);
    } else { // no descriptor is left for it: a socket at least can be ended
        ::shutdown(owned_.get(), SHUT_RDWR);
    }
    return true;
}

} // namespace detail

namespace io {

Result<AsyncFd> AsyncFd::own(int fd) {
    detail::UniqueFd owned(fd);
    const int flags = ::fcntl(fd, F_GETFL);
    if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) return detail::last_error();
    auto descriptor =
        detail::Descriptor::own(std::move(owned), 0, detail::describe_any, "an AsyncFd was made");
    if (!descriptor) return std::unexpected(descriptor.error());
    return AsyncFd(std::move(*descriptor));
}

Result<AsyncFd> AsyncFd::borrow(int fd) {
    auto descriptor = detail::Descriptor::borrow(fd, 0, detail::describe_any, "an AsyncFd was made");
    if (!descriptor) return std::unexpected(descriptor.error());
    return AsyncFd(std::move(*descriptor));
}

} // namespace io
} // namespace rouse
