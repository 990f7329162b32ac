// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/net/split.hpp"

#include <memory>
#include <utility>

namespace rouse::net {

/// What both kinds of stream sockets have.
template <class S>
class StreamSocket : public detail::ByteStream {
public:
    /// Reads without taking the bytes out: the next read gets them again. A later `peek` completes at once as
    /// long as they are there.
    [[nodiscard]] auto peek(io::Bytes room) const noexcept {
        return detail::IoOperation<detail::ReadCall>(io(), io::Interest::readable,
                                                     detail::ReadCall(kind(), room, true));
    }
    /// Ends a direction now; `io::shutdown(stream)` is the same for writing.
    Result<> shutdown(Shutdown how) const noexcept {
        return detail::shutdown_socket(fd(), static_cast<int>(how));
    }
    Poll<Result<>> poll_shutdown(Context&) const noexcept {
        return Poll<Result<>>(std::in_place, shutdown(Shutdown::write));
    }
    [[nodiscard]] Result<SocketAddress> local_address() const noexcept { return detail::local_address(fd()); }
    [[nodiscard]] Result<SocketAddress> peer_address() const noexcept { return detail::peer_address(fd()); }
    /// The error that waits at the socket, which is taken out; none: an empty code.
    [[nodiscard]] Result<std::error_code> take_error() const noexcept {
        const auto error = detail::option(fd(), SOL_SOCKET, SO_ERROR);
        if (!error) return std::unexpected(error.error());
        return std::error_code(*error, std::system_category());
    }

    /// Two halves that refer to this, for two futures of one task: `auto [reader, writer] = stream.split();`
    [[nodiscard]] auto split() & noexcept {
        S* const self = static_cast<S*>(this);
        return std::pair(ReadHalf<S*>(self), WriteHalf<S*>(self));
    }
    /// Two halves that own it together, for two tasks. One allocation.
    [[nodiscard]] auto into_split() && {
        auto shared = std::make_shared<S>(std::move(static_cast<S&>(*this)));
        return std::pair(ReadHalf<std::shared_ptr<S>>(shared), WriteHalf<std::shared_ptr<S>>(shared));
    }

protected:
    StreamSocket(detail::Descriptor descriptor, detail::StreamKind kind) noexcept
        : ByteStream(std::move(descriptor), kind) {}
};

} // namespace rouse::net
