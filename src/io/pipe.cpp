// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/io/pipe.hpp"

#include <array>

#include <fcntl.h>
#include <unistd.h>

namespace rouse::io {
namespace {

Result<detail::Descriptor> own_end(int fd) {
    detail::UniqueFd owned(fd);
    const int flags = ::fcntl(fd, F_GETFL);
    if (flags < 0 || (!(flags & O_NONBLOCK) && ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0))
        return detail::last_error();
    return detail::Descriptor::own(std::move(owned), 0, detail::describe_any, "a pipe was made");
}

} // namespace

Result<PipeSender> PipeSender::own(int fd) {
    auto end = own_end(fd);
    if (!end) return std::unexpected(end.error());
    return PipeSender(std::move(*end));
}

Result<PipeReceiver> PipeReceiver::own(int fd) {
    auto end = own_end(fd);
    if (!end) return std::unexpected(end.error());
    return PipeReceiver(std::move(*end));
}

Result<std::pair<PipeSender, PipeReceiver>> pipe() {
    std::array<int, 2> fds{};
    if (::pipe2(fds.data(), O_NONBLOCK | O_CLOEXEC) != 0) return detail::last_error();
    detail::UniqueFd write_end(fds[1]);
    auto receiver = PipeReceiver::own(fds[0]);
    if (!receiver) return std::unexpected(receiver.error());
    auto sender = PipeSender::own(write_end.release());
    if (!sender) return std::unexpected(sender.error());
    return std::pair(std::move(*sender), std::move(*receiver));
}

} // namespace rouse::io
