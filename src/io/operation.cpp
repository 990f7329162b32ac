// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/io/operation.hpp"

#include <poll.h>

namespace rouse::detail {
namespace {

std::uint32_t ask(int fd, io::Interest interest) noexcept {
    using Bits = io::Readiness;
    pollfd one{fd, POLLRDHUP, 0};
    if (includes(interest, io::Interest::readable)) one.events |= POLLIN;
    if (includes(interest, io::Interest::writable)) one.events |= POLLOUT;
    if (includes(interest, io::Interest::priority)) one.events |= POLLPRI;
    if (retry([&] { return ::poll(&one, 1, 0); }) <= 0) return 0;
    std::uint32_t bits = 0;
    if (one.revents & POLLIN) bits |= Bits::readable;
    if (one.revents & POLLOUT) bits |= Bits::writable;
    if (one.revents & POLLPRI) bits |= Bits::priority;
    if (one.revents & POLLRDHUP) bits |= Bits::readable | Bits::read_closed;
    if (one.revents & POLLHUP)
        bits |= Bits::readable | Bits::writable | Bits::read_closed | Bits::write_closed;
    if (one.revents & (POLLERR | POLLNVAL)) bits |= Bits::readable | Bits::writable | Bits::error;
    return bits;
}

} // namespace

bool ReadyOperation::poll_ready(Context& cx) {
    if (done_) [[unlikely]]
        stop_polled_after_ready("the readiness of a descriptor");
    const std::uint32_t wanted = io::Readiness::wanted(interest_);
    for (;;) {
        const std::uint64_t word = io_.load();
        if (word & IoSource::over) {
            result_ = std::unexpected(IoRef::error_of(word));
            break;
        }
        if (word & wanted) {
            const auto bits =
                asks_ ? ask(io_.fd(), interest_) : static_cast<std::uint32_t>(word) & io::Readiness::mask;
            result_ = io::Readiness(bits);
            if (bits & wanted) break;
            io_.clear(word, wanted);
        }
        if (io_.wait(waiter_, interest_, cx.waker())) return false;
    }
    io_.forget(waiter_);
    return true;
}

} // namespace rouse::detail
