// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/io/byte_stream.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <ctime>

#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

namespace rouse::detail {
namespace {

constexpr std::size_t most_buffers = 64;

class Vectors {
public:
    template <class B>
    explicit Vectors(std::span<const B> buffers) noexcept : count(std::min(buffers.size(), most_buffers)) {
        for (std::size_t i = 0; i < count; ++i)
            vectors[i] = {const_cast<std::byte*>(buffers[i].data()), buffers[i].size()};
    }
    std::size_t count;
    std::array<iovec, most_buffers> vectors;
};

/// A write that raises no SIGPIPE, for what is no socket: the signal is blocked, and taken back if it came.
/// It is sent to the thread that writes.
template <class Fn>
Result<std::size_t> without_sigpipe(Fn write) noexcept {
    sigset_t pipe, before, pending;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, &before);
    const bool was_blocked = sigismember(&before, SIGPIPE) == 1;
    const bool was_pending = was_blocked && sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1;
    const Result<std::size_t> result = retry_bytes(write);
    if (!result && result.error().value() == EPIPE && !was_pending) {
        const timespec now{};
        (void)retry([&] { return sigtimedwait(&pipe, nullptr, &now); });
    }
    if (!was_blocked) pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return result;
}

} // namespace

Result<std::size_t> ReadCall::operator()(int fd) const noexcept {
    if (kind_ == StreamKind::file) return retry_bytes([&] { return ::read(fd, room_.data(), room_.size()); });
    return retry_bytes([&] { return ::recv(fd, room_.data(), room_.size(), peeks_ ? MSG_PEEK : 0); });
}

Result<std::size_t> WriteCall::operator()(int fd) const noexcept {
    if (kind_ == StreamKind::file)
        return without_sigpipe([&] { return ::write(fd, bytes_.data(), bytes_.size()); });
    return retry_bytes([&] { return ::send(fd, bytes_.data(), bytes_.size(), MSG_NOSIGNAL); });
}

Result<std::size_t> ReadVectoredCall::operator()(int fd) const noexcept {
    const Vectors to(room_);
    return retry_bytes([&] { return ::readv(fd, to.vectors.data(), static_cast<int>(to.count)); });
}

Result<std::size_t> WriteVectoredCall::operator()(int fd) const noexcept {
    Vectors from(buffers_);
    if (kind_ == StreamKind::file)
        return without_sigpipe(
            [&] { return ::writev(fd, from.vectors.data(), static_cast<int>(from.count)); });
    msghdr message{};
    message.msg_iov = from.vectors.data();
    message.msg_iovlen = from.count;
    return retry_bytes([&] { return ::sendmsg(fd, &message, MSG_NOSIGNAL); });
}

} // namespace rouse::detail
