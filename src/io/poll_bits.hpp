// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/io/readiness.hpp"

#include <cstdint>

#include <poll.h>
#include <sys/epoll.h>

namespace rouse::detail {

/// What the system says of a descriptor (the bits of poll(2), which epoll has as well), in ours.
inline std::uint32_t readiness_of(std::uint32_t events) noexcept {
    using Bits = io::Readiness;
    static_assert(EPOLLIN == POLLIN && EPOLLOUT == POLLOUT && EPOLLPRI == POLLPRI && EPOLLERR == POLLERR &&
                  EPOLLHUP == POLLHUP && EPOLLRDHUP == POLLRDHUP);
    std::uint32_t bits = 0;
    if (events & EPOLLIN) bits |= Bits::readable;
    if (events & EPOLLOUT) bits |= Bits::writable;
    if (events & EPOLLPRI) bits |= Bits::priority;
    if (events & EPOLLRDHUP) bits |= Bits::readable | Bits::read_closed;
    if (events & EPOLLHUP) bits |= Bits::readable | Bits::writable | Bits::read_closed | Bits::write_closed;
    // Whichever call comes next gets the error.
    if (events & EPOLLERR) bits |= Bits::readable | Bits::writable | Bits::error;
    return bits;
}

} // namespace rouse::detail
