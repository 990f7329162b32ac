// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/net/socket.hpp"

#include <sys/socket.h>

namespace rouse::detail {

/// True when there is nothing to wait for.
bool ConnectSocket::start() {
    auto fd = open_socket(to_, SOCK_STREAM);
    if (!fd) {
        error_ = fd.error();
        return true;
    }
    // Registered only now, when the connection is on its way: a socket that never was connected counts as
    // hung up.
    const bool connected = ::connect(fd->get(), to_.raw(), to_.raw_size()) == 0;
    if (!connected && errno != EINPROGRESS && errno != EINTR) {
        error_ = last_error().error();
        return true;
    }
    auto descriptor = Descriptor::own(std::move(*fd), connected ? io::Readiness::writable : 0,
                                      &describe_socket, "a connection was made");
    if (!descriptor) {
        error_ = descriptor.error();
        return true;
    }
    descriptor_.emplace(std::move(*descriptor));
    return connected;
}

bool ConnectSocket::poll_ready(Context& cx) {
    if (done_) [[unlikely]]
        stop_polled_after_ready("net::Connect");
    if (!descriptor_ && start()) return true;
    const auto is_through = [](int fd) -> Result<> {
        const auto error = option(fd, SOL_SOCKET, SO_ERROR);
        if (!error) return std::unexpected(error.error());
        if (*error) return std::unexpected(std::error_code(*error, std::system_category()));
        if (!peer_address(fd)) // an event, but not the one
            return std::unexpected(std::error_code(EAGAIN, std::system_category()));
        return {};
    };
    Result<> result;
    if (!poll_io(descriptor_->io(), waiter_, io::Interest::writable, cx, result, is_through)) return false;
    if (!result) error_ = result.error();
    return true;
}

Result<Descriptor> ConnectSocket::take() noexcept {
    done_ = true;
    if (error_) {
        descriptor_.reset();
        return std::unexpected(error_);
    }
    Descriptor descriptor = std::move(*descriptor_);
    descriptor_.reset();
    return descriptor;
}

void ConnectSocket::inspect(Inspector& to) const {
    to.waits_for(WaitKind::io, this, "a connection to " + to_.to_string());
}

} // namespace rouse::detail
