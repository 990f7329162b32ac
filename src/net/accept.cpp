// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/net/socket.hpp"
#include "rouse/time/sleep.hpp"

#include <algorithm>
#include <optional>

#include <sys/socket.h>

namespace rouse::detail {
namespace {

using namespace std::chrono_literals;

constexpr Duration shortest_pause = 5ms;
constexpr Duration longest_pause = 500ms;

/// The connection ended, or its net did, before it was taken out of the queue.
bool concerns_one_connection(int error) noexcept {
    switch (error) {
    case ECONNABORTED:
    case EPROTO:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case ENETUNREACH:
        return true;
    default:
        return false;
    }
}
bool is_exhausted(int error) noexcept {
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

} // namespace

class AcceptSocket::Backoff {
public:
    Duration pause = shortest_pause;
    std::optional<Sleep> sleep;
};

AcceptSocket::AcceptSocket(const IoRef& io) noexcept : io_(io) {}
AcceptSocket::AcceptSocket(AcceptSocket&& other) noexcept : io_(other.io_) {}
AcceptSocket::~AcceptSocket() { io_.forget(waiter_); }

bool AcceptSocket::poll_ready(Context& cx) {
    if (done_) [[unlikely]]
        stop_polled_after_ready("net::Accept");
    const auto accept = [this](int fd) -> Result<UniqueFd> {
        for (;;) {
            sockaddr_storage storage{};
            socklen_t size = sizeof(storage);
            auto* const address = reinterpret_cast<sockaddr*>(&storage);
            const int accepted =
                retry([&] { return ::accept4(fd, address, &size, SOCK_NONBLOCK | SOCK_CLOEXEC); });
            if (accepted >= 0) {
                peer_ = net::SocketAddress::from_raw(address, size);
                return UniqueFd(accepted);
            }
            if (!concerns_one_connection(errno)) return last_error();
        }
    };
    for (;;) {
        if (backoff_ && backoff_->sleep) {
            // It would not help to wait for an event: there was one, and it is not over. But whoever closes
            // the listener wakes us: a wait for what never comes sees that.
            if (!io_.wait(waiter_, io::Interest::priority, cx.waker())) {
                accepted_ = std::unexpected(IoRef::error_of(io_.load()));
                io_.forget(waiter_);
                backoff_.reset();
                return true;
            }
            if (!backoff_->sleep->poll_ready(cx)) return false;
            io_.forget(waiter_);
            backoff_->sleep.reset();
        }
        // A worker of several makes its driver when it first needs it, and that takes descriptors: without
        // one no connection is taken out of the queue.
        IoHost* const host = IoHost::current();
        const auto driver = host ? host->io_driver() : Result<std::shared_ptr<IoDriver>>();
        if (!driver) accepted_ = std::unexpected(driver.error());
        else if (!poll_io(io_, waiter_, io::Interest::readable, cx, accepted_, accept)) return false;
        if (accepted_ || !is_exhausted(accepted_.error().value()) ||
            accepted_.error().category() != std::system_category())
            return true;
        if (!backoff_) backoff_ = std::make_unique<Backoff>();
        backoff_->sleep.emplace(sleep(backoff_->pause));
        backoff_->pause = std::min(2 * backoff_->pause, longest_pause);
    }
}

Result<Descriptor> AcceptSocket::take() noexcept {
    done_ = true;
    if (!accepted_) return std::unexpected(accepted_.error());
    // Mostly the first bytes are there already, and there is room for the answer: both are tried without
    // waiting to be told.
    return Descriptor::own(std::move(*accepted_), io::Readiness::readable | io::Readiness::writable,
                           &describe_socket, "a connection was accepted");
}

} // namespace rouse::detail
