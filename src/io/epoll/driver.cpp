// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/io/driver.hpp"

#include "base/fork.hpp"
#include "io/poll_bits.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <ctime>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace rouse::detail {
namespace {

/// One epoll instance, edge-triggered: each descriptor is added once, for everything, and never modified.
class EpollDriver final : public IoDriver {
public:
    EpollDriver() noexcept = default;
    ~EpollDriver() override {
        if (wake_ >= 0) ::close(wake_);
        if (epoll_ >= 0) ::close(epoll_);
    }

    std::error_code start() noexcept {
        epoll_ = epoll_create1(EPOLL_CLOEXEC);
        if (epoll_ < 0) return std::error_code(errno, std::system_category());
        wake_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        if (wake_ < 0) return std::error_code(errno, std::system_category());
        // Each write is an edge, and an event: the counter need not be read.
        epoll_event event{EPOLLIN | EPOLLET, {.u64 = no_source}};
        if (epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event) != 0)
            return std::error_code(errno, std::system_category());
        return {};
    }

    void wait(std::optional<TimePoint> deadline) noexcept override {
        if (count_ > 0) return; // an edge comes once: what was not dispatched must not be written over
        do {
            count_ = wait_once(deadline);
        } while (count_ < 0 && errno == EINTR); // a handler that means to wake unparks
        count_ = std::max(count_, 0);
    }
    std::size_t dispatch() noexcept override {
        std::size_t events = 0;
        for (int i = 0; i < count_; ++i) {
            if (events_[i].data.u64 == no_source) continue;
            ready(events_[i].data.u64, readiness_of(events_[i].events));
            ++events;
        }
        count_ = 0;
        return events;
    }
    void unpark() noexcept override {
        const int errno_before = errno;
        const std::uint64_t one = 1;
        // Fails only when the counter is full, 2^64 unparks on: then it is readable anyway.
        (void)!::write(wake_, &one, sizeof(one));
        errno = errno_before;
    }
    const char* backend() const noexcept override { return "epoll"; }
    int descriptor() const noexcept override { return epoll_; }

protected:
    std::error_code arm(int fd, std::uint64_t key) noexcept override {
        epoll_event event{EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP | EPOLLET, {.u64 = key}};
        if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) == 0) return {};
        return std::error_code(errno, std::system_category());
    }
    void disarm(int fd, std::uint64_t) noexcept override {
        if (process_.is_fork()) return; // the instance is the parent's
        epoll_event none{};             // for kernels before 2.6.9, and for valgrind
        epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, &none);
    }

private:
    int wait_once(std::optional<TimePoint> deadline) noexcept {
        const auto room = static_cast<int>(events_.size());
        if (!deadline) return epoll_wait(epoll_, events_.data(), room, -1);
        if (*deadline == TimePoint::min()) return epoll_wait(epoll_, events_.data(), room, 0);
        const auto left = std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::nanoseconds>(
                                                        *deadline - std::chrono::steady_clock::now())
                                                        .count());
        if (fine_) {
            const timespec time{static_cast<time_t>(left / 1'000'000'000),
                                static_cast<long>(left % 1'000'000'000)};
            const int count = epoll_pwait2(epoll_, events_.data(), room, &time, nullptr);
            if (count >= 0 || (errno != ENOSYS && errno != EPERM)) return count;
            fine_ = false; // Linux before 5.11, or a sandbox that does not know it
        }
        // Up to the next millisecond: never early, and no spinning before a deadline.
        const std::int64_t ms = std::min<std::int64_t>((left + 999'999) / 1'000'000, INT_MAX);
        return epoll_wait(epoll_, events_.data(), room, static_cast<int>(ms));
    }

    ProcessMark process_;
    int epoll_ = -1;
    int wake_ = -1;
    bool fine_ = true;
    int count_ = 0;
    std::array<epoll_event, 256> events_;
};

} // namespace

Result<std::shared_ptr<IoDriver>> make_epoll_driver() {
    auto driver = std::make_shared<EpollDriver>();
    if (const std::error_code error = driver->start()) return std::unexpected(error);
    return std::shared_ptr<IoDriver>(std::move(driver));
}

} // namespace rouse::detail
